package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"autodropout/controller"
	"autodropout/dropout"
	"autodropout/internal/disk"
	"autodropout/internal/parallel"
	"autodropout/internal/seed"
)

var (
	schedules = flag.Int("schedules", 1000, "how many schedules the simulation runs")
	first     = flag.Int("first", 0, "the first of them")
	schedule  = flag.Int("schedule", -1, "the only schedule to run, which is shown")
)

// The search that is disturbed: small, so that thousands run in a minute.
var (
	simSpace  = dropout.Space{Name: "toy", Choices: []dropout.Choice{{Name: "a", Values: []float64{0, 1, 2}}, {Name: "b", Values: []float64{0, 1}}}, Groups: 1}
	simConfig = controller.Config{Trials: 6, InFlight: 3, Seed: 3, Network: controller.NetworkConfig{Layers: 1, Width: 4, Heads: 1}}
)

func simReward(t controller.Trial) float64 {
	return float64(2*t.Point[0]-t.Point[1]) + float64(t.Seed%97)/97
}

// TestSimulation runs the coordinator, the workers and the search, the code that
// runs in earnest, on a server, disks and a clock that are simulated, with faults
// that follow from the number of a schedule. In each schedule every trial ends with
// one result, the right one, and the controller is the same to the bit as that of
// the search that nothing disturbs.
func TestSimulation(t *testing.T) {
	parallel.For(64, func(int) {}) // the pool must not begin in a bubble
	want := undisturbed(t)
	if *schedule >= 0 {
		synctest.Test(t, func(t *testing.T) {
			w := simulate(t, uint64(*schedule), want)
			t.Log("\n" + strings.Join(w.events, "\n"))
		})
		return
	}
	var mu sync.Mutex
	counts := map[string]int{}
	shards := runtime.GOMAXPROCS(0)
	t.Run("schedules", func(t *testing.T) {
		for shard := range shards {
			t.Run(fmt.Sprint(shard), func(t *testing.T) {
				t.Parallel()
				for i := *first + shard; i < *first+*schedules && !t.Failed(); i += shards {
					synctest.Test(t, func(t *testing.T) {
						w := simulate(t, uint64(i), want)
						mu.Lock()
						defer mu.Unlock()
						for kind, n := range w.counts {
							counts[kind] += n
						}
					})
				}
			})
		}
	})
	t.Logf("schedules %d to %d, with", *first, *first+*schedules-1)
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%8d %s", counts[kind], kind)
	}
	if *schedules >= 1000 {
		for _, kind := range []string{"workers killed", "workers frozen", "coordinators killed", "requests lost", "answers lost", "messages doubled",
			"messages lost", "writes cut short", "writes to a full disk", "torn writes", "flipped bits", "folders lost", "trainings in trouble", "servers away", "odd messages", "runs before", "sleepers of a run before"} {
			if counts[kind] == 0 {
				t.Errorf("no schedule has %s", kind)
			}
		}
	}
}

// TestSimulationIsDeterministic: a schedule is the same each time, so that what it
// finds can be looked at.
func TestSimulationIsDeterministic(t *testing.T) {
	parallel.For(64, func(int) {})
	want := undisturbed(t)
	for i := range uint64(40) {
		var before []string
		for range 2 {
			synctest.Test(t, func(t *testing.T) {
				w := simulate(t, i, want)
				if before != nil && !slices.Equal(before, w.events) {
					t.Errorf("schedule %d differs:\n%s\n\nbefore:\n%s", i, strings.Join(w.events, "\n"), strings.Join(before, "\n"))
				}
				before = w.events
			})
		}
	}
}

// simAlgorithms are those of the schedules, in turn.
var simAlgorithms = []controller.Algorithm{controller.Reinforce, controller.Evolution, controller.PPO, controller.Local}

// simConfigOf returns the search of a schedule.
func simConfigOf(number uint64) controller.Config {
	config := simConfig
	config.Algorithm = simAlgorithms[number%uint64(len(simAlgorithms))]
	if config.Algorithm == controller.Evolution {
		config.Evolution = controller.EvolutionConfig{Population: 2, Tournament: 2}
	}
	return config
}

// undisturbed returns the searches of the schedules as they are where nothing fails.
func undisturbed(t *testing.T) (reports []*controller.Report) {
	t.Helper()
	for i := range simAlgorithms {
		report, err := controller.Search(t.Context(), simConfigOf(uint64(i)), simSpace, func(_ context.Context, trial controller.Trial) (controller.Outcome, error) {
			return controller.Outcome{Reward: simReward(trial)}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		reports = append(reports, report)
	}
	return reports
}

// plot is what a schedule does to the processes.
type plot struct {
	*world
	config controller.Config
	ctx    context.Context
	group  sync.WaitGroup

	workers     [3]*process
	coordinator *process
	hired       map[string]int
	trouble     map[int]time.Time // until when the data of a worker's machine is away
}

// simulate runs a schedule and reports what is not as it should be.
func simulate(t *testing.T, number uint64, undisturbed []*controller.Report) *world {
	want := undisturbed[number%uint64(len(undisturbed))]
	c := chance(seed.Derive(number, "schedule"))
	w := &world{
		seed: seed.Derive(number, "world"), silence: 8 * time.Second,
		values: map[string][]byte{}, objects: map[string][]byte{}, folder: map[string]*simFile{},
		changed: make(chan struct{}), counts: map[string]int{},
	}
	harm := c.of("harm") // some schedules are quiet, others terrible
	w.rates = rates{lost: 0.05 * harm, unheard: 0.05 * harm, late: 0.1 * harm, doubled: 0.2 * harm, undelivered: 0.1 * harm, short: 0.05 * harm}
	ctx, cancel := context.WithCancel(context.Background())
	p := &plot{world: w, ctx: ctx, config: simConfigOf(number), trouble: map[int]time.Time{}, hired: map[string]int{}}
	p.before(c)
	p.group.Go(func() { p.chaos(seed.Derive(number, "chaos"), int(20*harm)) })
	for i := range p.workers {
		p.group.Go(func() { p.work(i) })
	}
	report := p.coordinate()
	cancel()
	p.group.Wait()
	if report == nil {
		t.Errorf("schedule %d does not end:\n%s", number, strings.Join(w.events, "\n"))
		return w
	}
	if wrong := compare(report, want); wrong != "" {
		t.Errorf("schedule %d: %s:\n%s", number, wrong, strings.Join(w.events, "\n"))
	}
	if wrong := w.checkLog(want); wrong != "" {
		t.Errorf("schedule %d: the log: %s:\n%s", number, wrong, strings.Join(w.events, "\n"))
	}
	return w
}

// compare returns how a search differs from another.
func compare(got, want *controller.Report) string {
	if len(got.Trials) != len(want.Trials) {
		return fmt.Sprintf("%d trials, want %d", len(got.Trials), len(want.Trials))
	}
	for i, r := range got.Results {
		switch {
		case r == nil || r.Failed() || r.Reward != want.Results[i].Reward:
			return fmt.Sprintf("trial %d has %+v, want %+v", i, r, want.Results[i])
		case fmt.Sprint(got.Trials[i]) != fmt.Sprint(want.Trials[i]):
			return fmt.Sprintf("trial %d is %v, want %v", i, got.Trials[i], want.Trials[i])
		}
	}
	for i, v := range got.Weights() {
		if math.Float32bits(v) != math.Float32bits(want.Weights()[i]) {
			return "the controller has other weights"
		}
	}
	a, _, _ := got.Best()
	b, _, _ := want.Best()
	if !slices.Equal(a.Point, b.Point) {
		return "the best pattern is another"
	}
	return ""
}

const logName = "trials.jsonl"

// checkLog returns what is wrong with the log that the search left.
func (w *world) checkLog(want *controller.Report) string {
	text := string(w.folder[logName].data)
	if err := controller.CheckLog([]byte(text)); err != nil {
		return err.Error()
	}
	for kind, n := range map[string]int{`{"sampled":`: len(want.Trials), `{"finished":`: len(want.Trials), "\n": 2*len(want.Trials) + 1} {
		if found := strings.Count(text, kind); found != n {
			return fmt.Sprintf("%d times %q, want %d", found, kind, n)
		}
	}
	return ""
}

// before leaves on the server what an ended run of the same name had there.
func (p *plot) before(c chance) {
	if c.of("a run before") > 0.3 {
		return
	}
	p.log("runs before", "a run before has ended")
	ended := job
	ended.Run = "r0"
	put := func(key string, v any) { p.values[key] = jsonOf(v) }
	put(jobKey, record{protocol, ended, true})
	p.made = true
	for i := range simConfig.Trials {
		put(fmt.Sprintf("result.r0.s.%d", i), result{Reward: 1000})
	}
	p.group.Go(func() {
		// One of its workers has slept and does not know.
		if pause(p.ctx, time.Duration(float64(time.Minute)*c.of("sleep"))) != nil {
			return
		}
		sleeper := p.hire("sleeper")
		ghost := &Worker{store: store{engine: sleeper, name: "run", run: "r0", logf: quiet}, name: "sleeper", logf: quiet}
		p.world.mu.Lock()
		p.log("sleepers of a run before", "a worker of the run before wakes up")
		p.world.mu.Unlock()
		q := queued{"s", controller.Trial{Index: int(c.of("of") * float64(simConfig.Trials))}}
		_ = ghost.finish(p.ctx, &simMessage{sleeper, &waiting{key: "r0." + q.key()}}, q, result{Reward: 1000})
	})
}

func jsonOf(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// hire makes a process.
func (p *plot) hire(name string) *process {
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	p.hired[name]++
	return &process{world: p.world, name: fmt.Sprintf("%s.%d", name, p.hired[name]), calls: map[string]uint64{}}
}

// run runs a process until it ends or is killed.
func (p *plot) run(name string, slot **process, main func(ctx context.Context, self *process) error) error {
	self := p.hire(name)
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	self.kill = cancel
	p.world.mu.Lock()
	*slot = self
	p.world.mu.Unlock()
	err := main(ctx, self)
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	*slot = nil
	if self.dead {
		return errKilled
	}
	self.dead = true // what it left running does nothing any more
	if err != nil && p.ctx.Err() == nil {
		p.log("ended with an error", "%s ends: %v", self.name, err)
	}
	return err
}

// coordinate runs coordinators, one after another, until the search has ended. It
// returns nil when it does not.
func (p *plot) coordinate() (report *controller.Report) {
	const patience = 12 * time.Hour
	for time.Since(epoch) < patience {
		err := p.run("coordinator", &p.coordinator, func(ctx context.Context, self *process) (err error) {
			c, err := openOn(ctx, self, quiet, "run", job, p.silence)
			if err != nil {
				return err
			}
			config := p.config
			config.Path, config.Disk = logName, simDisk{self}
			found, err := c.Search(ctx, "s", config, simSpace)
			if err != nil {
				return err
			}
			report = found
			return c.Finish(ctx)
		})
		if err == nil {
			return report
		}
		_ = pause(p.ctx, 3*time.Second)
	}
	return nil
}

// work runs workers on a machine, one after another.
func (p *plot) work(machine int) {
	for p.ctx.Err() == nil {
		_ = p.run(fmt.Sprint("worker on ", machine), &p.workers[machine], func(ctx context.Context, self *process) error {
			w := &Worker{disk: workerDisk{simDisk{self}, machine}, identity: job.Identity, logf: quiet, name: self.name}
			if err := w.join(ctx, self, "run"); err != nil {
				return err
			}
			return w.Work(ctx, job.Data, fmt.Sprint("machine", machine), 1, p.trainer(self, machine))
		})
		_ = pause(p.ctx, 2*time.Second)
	}
}

// workerDisk is that of another machine than the coordinator's, which is never full.
type workerDisk struct {
	simDisk
	machine int
}

var _ disk.Disk = workerDisk{}

// trainer trains for some seconds, in steps that it saves.
func (p *plot) trainer(self *process, machine int) Trainer {
	return func(ctx context.Context, a Assignment) (controller.Outcome, error) {
		if a.Search != "s" {
			return controller.Outcome{}, &OddError{"there is no such search"}
		}
		const steps = 4
		done := 0
		if text, err := disk.ReadFile(simDisk{self}, a.Checkpoint); err == nil {
			if _, err := fmt.Sscanf(string(text), fmt.Sprintf("trial %d after %%d steps", a.Index), &done); err != nil || done > steps {
				return controller.Outcome{Reward: math.Pi, Note: "another's checkpoint"}, nil
			}
		}
		for ; done < steps; done++ {
			if err := pause(ctx, 2*time.Second+time.Duration(a.Seed%1e9)); err != nil {
				return controller.Outcome{}, err
			}
			p.world.mu.Lock()
			away := time.Until(p.trouble[machine]) > 0
			if away {
				p.log("trainings in trouble", "%s: trial %d cannot read its data", self.name, a.Index)
			}
			p.world.mu.Unlock()
			if away {
				return controller.Outcome{}, errors.New("open data: no such folder")
			}
			err := disk.WriteFile(simDisk{self}, a.Checkpoint, fmt.Appendf(nil, "trial %d after %d steps", a.Index, done+1))
			if err == nil && done%2 == 1 {
				_ = a.Save()
			}
		}
		return controller.Outcome{Reward: simReward(a.Trial)}, nil
	}
}

// chaos does harm a number of times.
func (p *plot) chaos(from uint64, times int) {
	for i := range times {
		c := chance(seed.Derive(from, "harm", uint64(i)))
		if pause(p.ctx, time.Duration(c.of("when")*float64(12*time.Second))) != nil {
			return
		}
		p.world.mu.Lock()
		p.harm(c)
		p.world.mu.Unlock()
	}
}

// harm does one thing; the world is locked.
func (p *plot) harm(c chance) {
	machine := int(c.of("machine") * float64(len(p.workers)))
	worker := p.workers[machine]
	long := time.Duration(c.of("long") * float64(20*time.Second))
	switch kind := c.of("kind"); {
	case kind < 0.25:
		if worker != nil {
			p.log("workers killed", "%s is killed", worker.name)
			worker.dead = true
			worker.kill()
		}
	case kind < 0.4:
		if worker != nil {
			p.log("workers frozen", "%s is frozen for %v", worker.name, long)
			worker.frozen = time.Now().Add(long)
		}
	case kind < 0.5:
		p.log("servers away", "the server is away for %v", long)
		p.away = time.Now().Add(long)
	case kind < 0.6:
		p.log("machines in trouble", "machine %d has no data for %v", machine, long)
		p.trouble[machine] = time.Now().Add(long)
	case kind < 0.7:
		p.log("disks full", "the coordinator's disk is full for %v", long)
		p.full = time.Now().Add(long)
	case kind < 0.78:
		odd := []string{"dear diary", `{"search":"a.b","trial":{"trial":1,"tokens":[0,0],"log_probs":[0,0]}}`, `{"search":"s","trial":{"trial":2}}`,
			`{"search":"other","trial":{"trial":1,"tokens":[0,0],"log_probs":[0,0]}}`}
		p.log("odd messages", "an odd message is in the queue")
		p.queue = append(p.queue, &waiting{key: fmt.Sprint("odd ", c.of("name")), text: []byte(odd[int(c.of("which")*float64(len(odd)))])})
		p.stir()
	default:
		p.crash(c)
	}
}

// crash kills the coordinator, perhaps with its machine, and perhaps a bit of its
// log flips.
func (p *plot) crash(c chance) {
	if p.coordinator == nil {
		return
	}
	p.log("coordinators killed", "%s is killed", p.coordinator.name)
	p.coordinator.dead = true
	p.coordinator.kill()
	f := p.folder[logName]
	switch {
	case f == nil:
	case c.of("folder") < 0.15:
		p.log("folders lost", "its folder is lost")
		delete(p.folder, logName)
	default:
		if loose := len(f.data) - f.synced; loose > 0 {
			kept := f.synced + int(c.of("torn")*float64(loose+1))
			p.log("torn writes", "of its log %d of %d bytes are on disk", kept, len(f.data))
			f.data = f.data[:kept]
		}
		if len(f.data) > 64 && c.of("flips") < 0.3 {
			bit := int(c.of("bit") * float64(8*len(f.data)))
			p.log("flipped bits", "bit %d of its log flips", bit)
			f.data = slices.Clone(f.data)
			f.data[bit/8] ^= 1 << (bit % 8)
		}
	}
}
