package experiment

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/usage"
	"autodropout/benchmarks/internal/words"
	"autodropout/controller/cluster"
)

// service is what a run that serves has: a coordinator, and perhaps a server.
type service struct {
	*cluster.Coordinator
	conn     *cluster.Connection
	server   *cluster.Server // nil: an external one
	finished bool            // there are no more trials
}

// checkServe returns why a run cannot have its trials trained by workers.
func checkServe(about *About, rows []Row) error {
	switch {
	case !searches(rows):
		return usage.Errorf("-serve has nothing to do: none of the rows needs a search")
	case about.Data == nil:
		return usage.Errorf("-serve cannot be used with %s, which does not say which data a trial reads", about.Name)
	}
	return nil
}

// serve starts the coordinator of a run, with a server of its own unless there is
// another, and says so to out.
func serve[P Pattern](ctx context.Context, run *setup[P], asked cli.Run, out io.Writer) (s *service, err error) {
	c := asked.Cluster
	settings, err := asked.Settings.TOML()
	if err != nil {
		return nil, err
	}
	s = &service{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if c.Address.URL == "" {
		s.server, err = cluster.StartServer(cluster.ServerConfig{
			Folder: run.folder.Path(runfolder.Server), Listen: c.Listen,
			Cert: c.Address.Cert, Key: c.Address.Key, Credentials: c.Address.Credentials, CA: c.Address.CA, Logf: run.logf,
		})
		if err != nil {
			return s, err
		}
		c.Address.Server = s.server
		c.Address.URL = s.server.URL()
	}
	fmt.Fprintf(out, "Trials wait for workers: %s\n", words.Command("go", "run", "./benchmarks/"+run.about.Name, "-worker", "-nats", cluster.Shown(c.Address.URL)))
	if s.conn, err = cluster.Connect(ctx, c.Address, run.logf); err != nil {
		return s, err
	}
	job := cluster.Job{Identity: cli.Identity(run.about.Name), Settings: string(settings), AnyTier: run.plan.Async || run.about.Outside, Sum: run.identity, Earlier: run.earlier}
	if job.Data, err = run.trialData(); err != nil {
		return s, err
	}
	if job.Run, err = run.folder.ID(); err != nil {
		return s, err
	}
	s.Coordinator, err = cluster.Open(ctx, s.conn, cmp.Or(c.Name, run.about.Name), job, c.Silence)
	return s, err
}

// close ends what serve has started. Workers that are about to learn from the
// server that there are no more trials have a moment to do so.
func (s *service) close() {
	if s.conn != nil {
		s.conn.Close()
	}
	if s.server == nil {
		return
	}
	const moment = 3 * time.Second
	for began := time.Now(); s.finished && s.server.Clients() > 0 && time.Since(began) < moment; {
		time.Sleep(10 * time.Millisecond)
	}
	s.server.Shutdown()
}
