package main

import (
	"cmp"
	"slices"
)

// node is a package in the picture of the house, or a bend of a line that passes a floor.
type node struct {
	name        string // "" of a bend
	floor       int
	x, width    float64 // middle
	below, over []*node // ends of lines
}

// reduce leaves out imports that a chain of other imports implies.
func reduce(imports map[string][]string) map[string][]string {
	reaches := map[string]map[string]bool{}
	var visit func(from string) map[string]bool
	visit = func(from string) map[string]bool {
		if reaches[from] == nil {
			reaches[from] = map[string]bool{}
			for _, to := range imports[from] {
				reaches[from][to] = true
				for further := range visit(to) {
					reaches[from][further] = true
				}
			}
		}
		return reaches[from]
	}
	least := map[string][]string{}
	for from, all := range imports {
		visit(from)
		least[from] = slices.DeleteFunc(slices.Clone(all), func(to string) bool {
			return slices.ContainsFunc(all, func(other string) bool { return visit(other)[to] })
		})
	}
	return least
}

// floors arranges packages so that each stands above all that it imports, with as few
// crossings as ordering each floor by its neighbours gives. Lines over several floors
// have a bend on each between.
func floors(imports map[string][]string) [][]*node {
	names := make([]string, 0, len(imports))
	for name := range imports {
		names = append(names, name)
	}
	slices.Sort(names)
	nodes := map[string]*node{}
	var place func(name string) *node
	place = func(name string) *node {
		if n := nodes[name]; n != nil {
			return n
		}
		n := &node{name: name, width: 24 + 7.6*float64(len(name))}
		nodes[name] = n
		for _, to := range imports[name] {
			n.floor = max(n.floor, place(to).floor+1)
		}
		return n
	}
	top := 0
	for _, name := range names {
		top = max(top, place(name).floor)
	}
	// What stands on nothing goes up to what it carries.
	for _, name := range names {
		if n := nodes[name]; len(imports[name]) == 0 {
			lowest := top
			for _, other := range names {
				if slices.Contains(imports[other], name) {
					lowest = min(lowest, nodes[other].floor-1)
				}
			}
			n.floor = lowest
		}
	}
	house := make([][]*node, top+1)
	for _, name := range names {
		n := nodes[name]
		house[n.floor] = append(house[n.floor], n)
		for _, to := range imports[name] {
			last := n
			for floor := n.floor - 1; floor > nodes[to].floor; floor-- {
				bend := &node{floor: floor, width: 14}
				house[floor] = append(house[floor], bend)
				last.below, bend.over = append(last.below, bend), append(bend.over, last)
				last = bend
			}
			last.below, nodes[to].over = append(last.below, nodes[to]), append(nodes[to].over, last)
		}
	}
	arrange(house)
	return house
}

// space is the least distance between two nodes of a floor.
const space = 18

// arrange orders floors by the means of the neighbours above and below in turns, and
// then moves nodes towards these means as far as their order lets them.
func arrange(house [][]*node) {
	for _, floor := range house {
		spread(floor, nil)
	}
	for sweep := range 60 {
		for i := range house {
			floor, neighbours := house[i], func(n *node) []*node { return n.below }
			if sweep%2 == 1 {
				floor, neighbours = house[len(house)-1-i], func(n *node) []*node { return n.over }
			}
			wanted := map[*node]float64{}
			for _, n := range floor {
				wanted[n] = n.x
				if near := neighbours(n); len(near) > 0 {
					wanted[n] = 0
					for _, other := range near {
						wanted[n] += other.x / float64(len(near))
					}
				}
			}
			slices.SortStableFunc(floor, func(a, b *node) int { return cmp.Compare(wanted[a], wanted[b]) })
			spread(floor, wanted)
		}
	}
}

// spread places the nodes of a floor in their order: at the places wanted where these
// leave enough space, and side by side around the middle of those that do not.
func spread(floor []*node, wanted map[*node]float64) {
	type block struct {
		nodes       []*node
		left, width float64
	}
	var blocks []block
	for _, n := range floor {
		next := block{[]*node{n}, wanted[n] - n.width/2, n.width}
		for len(blocks) > 0 && blocks[len(blocks)-1].left+blocks[len(blocks)-1].width+space > next.left {
			last := blocks[len(blocks)-1]
			blocks = blocks[:len(blocks)-1]
			a, b := float64(len(last.nodes)), float64(len(next.nodes))
			middle := (a*(last.left+last.width/2) + b*(next.left+next.width/2)) / (a + b)
			next.nodes = append(slices.Clone(last.nodes), next.nodes...)
			next.width += last.width + space
			next.left = middle - next.width/2
		}
		blocks = append(blocks, next)
	}
	for _, b := range blocks {
		at := b.left
		for _, n := range b.nodes {
			n.x = at + n.width/2
			at += n.width + space
		}
	}
}
