package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

// clusterFile reads one of the files for real clusters.
func clusterFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "doc", "cluster", name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\\\n", " ")
}

// TestClusterFilesFlags looks up every flag that the files for real clusters give
// the benchmark, and every flag that the page about clusters names.
func TestClusterFilesFlags(t *testing.T) {
	_, help, _ := call(t, "-h")
	flags := regexp.MustCompile(`[\s"]-([a-z][a-z-]*)`)
	look := func(where, line string) (found int) {
		for _, m := range flags.FindAllStringSubmatch(line, -1) {
			if !strings.Contains(help, "\n  -"+m[1]+" ") && !strings.Contains(help, "\n  -"+m[1]+"\n") {
				t.Errorf("%s: there is no flag -%s in %q", where, m[1], line)
			}
			found++
		}
		return found
	}
	for _, name := range []string{"kubernetes.yaml", "slurm.sh"} {
		found := 0
		for line := range strings.Lines(clusterFile(t, name)) {
			line, _, _ = strings.Cut(line, "#")
			_, command, called := strings.Cut(line, "cifar -")
			_, shared, assigned := strings.Cut(line, `cluster="-`)
			if called {
				// What chooses between two commands is not for the benchmark.
				command, _, _ = strings.Cut(command, ";")
				found += look(name, " -"+command)
			} else if assigned {
				found += look(name, " -"+shared)
			}
		}
		if found < 12 {
			t.Errorf("%s: only %d flags were found", name, found)
		}
	}
	page, err := os.ReadFile("../../doc/cluster.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("`(-[a-z][a-z -]*)`").FindAllStringSubmatch(string(page), -1) {
		look("cluster.md", " "+m[1])
	}
}

// TestClusterServerConfig has the server read the configuration of the manifest.
func TestClusterServerConfig(t *testing.T) {
	_, rest, _ := strings.Cut(clusterFile(t, "kubernetes.yaml"), "nats.conf: |\n")
	text, _, found := strings.Cut(rest, "---\n")
	if !found {
		t.Fatal("the manifest has no nats.conf")
	}
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("NATS_USER", public)
	path := filepath.Join(t.TempDir(), "nats.conf")
	// The certificate is a file of the cluster: the rest is read without it.
	before, tls, _ := strings.Cut(text, "    tls {")
	_, after, _ := strings.Cut(tls, "}\n")
	if err := os.WriteFile(path, []byte(before+after), 0o600); err != nil {
		t.Fatal(err)
	}
	options, err := server.ProcessConfigFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !options.SyncAlways || !options.JetStream || options.Port != 4222 || len(options.Nkeys) != 1 || options.Nkeys[0].Nkey != public {
		t.Errorf("the configuration is read as %+v", options)
	}
	if !strings.Contains(tls, "cert_file") || !strings.Contains(tls, "key_file") {
		t.Errorf("the server of the manifest has no certificate: %s", tls)
	}
}

func TestSlurmScript(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash to read the script")
	}
	if output, err := exec.Command(bash, "-n", "../../doc/cluster/slurm.sh").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, output)
	}
	for _, want := range []string{"#SBATCH --array=0-", "SLURM_ARRAY_TASK_ID"} {
		if !strings.Contains(clusterFile(t, "slurm.sh"), want) {
			t.Errorf("the script does not have %q", want)
		}
	}
}
