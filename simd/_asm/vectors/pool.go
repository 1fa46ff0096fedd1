package main

import (
	. "github.com/mmcloughlin/avo/build"
)

// pool is for AVX2 only: memory is the limit.
func pool() { maxFrom(avx2{}) }

func maxFrom(s set) {
	begin(s, "maxFrom")
	best, from, x := base("best"), base("from"), base("x")
	place := broadcast(s, "place")
	loop{set: s, n: Load(Param("best").Len(), GP64()), body: func(t step) {
		v, old, origin := t.load(x), t.load(best), t.load(from)
		larger := t.compare(greater, v, old)
		VORPS(t.compare(unordered, v, v).(vector), larger.(vector), larger.(vector))
		t.choose(larger, v, old)
		t.choose(larger, place, origin)
		t.store(old, best)
		t.store(origin, from)
	}}.write()
	end()
}
