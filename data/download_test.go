package data

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// content is what the mirrors of these tests should send.
var content = func() []byte {
	b := make([]byte, 300_000)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = uint8(rng.Uint32())
	}
	return b
}()

func remote(urls ...string) Remote {
	sum := md5.Sum(content)
	return Remote{Name: "file.bin", URLs: urls, Size: int64(len(content)), MD5: hex.EncodeToString(sum[:])}
}

func quick(t *testing.T) DownloadConfig {
	return DownloadConfig{Dir: filepath.Join(t.TempDir(), "cache"), Client: trusting(), Attempts: 3, Backoff: time.Millisecond}
}

// trusting returns a client that trusts the servers of httptest, which all have
// one certificate.
func trusting() *http.Client {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	return s.Client()
}

// A mirror is a server that keeps the Range headers of its requests.
type mirror struct {
	*httptest.Server
	mu     sync.Mutex
	ranges []string
}

func newMirror(t *testing.T, handle http.HandlerFunc) *mirror {
	m := &mirror{}
	m.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		m.ranges = append(m.ranges, r.Header.Get("Range"))
		m.mu.Unlock()
		handle(w, r)
	}))
	t.Cleanup(m.Close)
	return m
}

// good serves content, ranges included.
func good(w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// whole serves content and knows no ranges.
func whole(w http.ResponseWriter, r *http.Request) { w.Write(content) }

// cutAfter serves n bytes of what handle would and breaks the connection.
func cutAfter(n int, handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		handle(&cutter{w, n}, r)
	}
}

type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(p []byte) (int, error) {
	n, _ := c.ResponseWriter.Write(p[:min(c.left, len(p))])
	if c.left -= n; c.left == 0 {
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, nil
}

// inTurn answers request k with handler k, and the rest with the last one.
func inTurn(handlers ...http.HandlerFunc) http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		handlers[min(int(n.Add(1)), len(handlers))-1](w, r)
	}
}

func checkDownloaded(t *testing.T, path string, err error, cfg DownloadConfig) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(cfg.Dir, "file.bin"); path != want {
		t.Errorf("the path is %s, want %s", path, want)
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("the file is wrong (%d bytes, error %v)", len(got), err)
	}
	if _, err := os.Stat(path + ".part"); err == nil {
		t.Error("the .part file is still there")
	}
}

func TestDownloadOnlyOverHTTPS(t *testing.T) {
	asked := false
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = true
		good(w, r)
	}))
	defer plain.Close()
	leaves := newMirror(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, plain.URL, http.StatusFound) })
	for _, url := range []string{plain.URL, leaves.URL, "ftp://localhost/file.bin"} {
		_, err := Download(t.Context(), remote(url), quick(t))
		if asked {
			t.Fatalf("%s: a server without TLS was asked", url)
		}
		checkError(t, err, "is not an https address")
	}
	stays := newMirror(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, newMirror(t, good).URL, http.StatusFound)
	})
	cfg := quick(t)
	path, err := Download(t.Context(), remote(stays.URL), cfg)
	checkDownloaded(t, path, err, cfg)
}

func TestDownload(t *testing.T) {
	var agent string
	m := newMirror(t, func(w http.ResponseWriter, r *http.Request) {
		agent = r.UserAgent()
		good(w, r)
	})
	cfg := quick(t)
	var last, total int64
	cfg.Progress = func(done, of int64) {
		if done < last {
			t.Errorf("progress went back from %d to %d", last, done)
		}
		last, total = done, of
	}
	path, err := Download(t.Context(), remote(m.URL), cfg)
	checkDownloaded(t, path, err, cfg)
	if last != int64(len(content)) || total != last {
		t.Errorf("progress ended at %d of %d", last, total)
	}
	if agent != "autodropout" {
		t.Errorf("the User-Agent was %q", agent)
	}
	if _, err := Download(t.Context(), remote(m.URL), cfg); err != nil {
		t.Error(err)
	}
	if len(m.ranges) != 1 {
		t.Errorf("a file in the cache was asked for again: %d requests", len(m.ranges))
	}
}

func TestDownloadSurvives(t *testing.T) {
	notFound := http.NotFound
	busy := func(w http.ResponseWriter, r *http.Request) { http.Error(w, "", http.StatusServiceUnavailable) }
	corrupt := func(w http.ResponseWriter, r *http.Request) {
		b := bytes.Clone(content)
		b[len(b)-1]++
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	}
	tooLong := func(w http.ResponseWriter, r *http.Request) { w.Write(append(bytes.Clone(content), 1)) }
	tooLongUnannounced := func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		w.Write(append(bytes.Clone(content), 1))
	}
	page := func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>we have moved") }
	refuse := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
	}
	otherPart := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Range", "bytes 0-299999/300000")
		w.WriteHeader(http.StatusPartialContent)
		w.Write(content)
	}
	for _, test := range []struct {
		name   string
		part   []byte             // what is there from an earlier run
		first  http.HandlerFunc   // the first mirror
		second []http.HandlerFunc // the second, if there is one
		ranges []string           // what the last mirror is asked for
	}{
		{name: "a cut", first: inTurn(cutAfter(100_000, good), good), ranges: []string{"", "bytes=100000-"}},
		{name: "two cuts", first: inTurn(cutAfter(100_000, good), cutAfter(50_000, good), good),
			ranges: []string{"", "bytes=100000-", "bytes=150000-"}},
		{name: "a cut without Range", first: inTurn(cutAfter(100_000, whole), whole), ranges: []string{"", "bytes=100000-"}},
		{name: "a busy mirror", first: inTurn(busy, good), ranges: []string{"", ""}},
		{name: "an earlier run", part: content[:70_000], first: good, ranges: []string{"bytes=70000-"}},
		{name: "an earlier run that was complete", part: content, first: good, ranges: nil},
		{name: "an earlier run of something else", part: make([]byte, 70_000), first: good, ranges: []string{"bytes=70000-", ""}},
		{name: "an earlier run that is too long", part: make([]byte, 300_001), first: good, ranges: []string{""}},
		{name: "a refused range", part: content[:70_000], first: inTurn(refuse, good), ranges: []string{"bytes=70000-", ""}},
		{name: "404 first", first: notFound, second: []http.HandlerFunc{good}, ranges: []string{""}},
		{name: "404 first keeps the earlier run", part: content[:70_000], first: notFound,
			second: []http.HandlerFunc{good}, ranges: []string{"bytes=70000-"}},
		{name: "corrupt first", first: corrupt, second: []http.HandlerFunc{good}, ranges: []string{""}},
		{name: "wrong length first", first: tooLong, second: []http.HandlerFunc{good}, ranges: []string{""}},
		{name: "wrong length unannounced", first: tooLongUnannounced, second: []http.HandlerFunc{good}, ranges: []string{""}},
		{name: "a page first", first: page, second: []http.HandlerFunc{good}, ranges: []string{""}},
		{name: "another part first", part: content[:70_000], first: otherPart, second: []http.HandlerFunc{good},
			ranges: []string{"bytes=70000-"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := quick(t)
			if test.part != nil {
				writeFile(t, filepath.Join(cfg.Dir, "file.bin.part"), test.part)
			}
			last := newMirror(t, test.first)
			urls := []string{last.URL}
			for _, h := range test.second {
				last = newMirror(t, h)
				urls = append(urls, last.URL)
			}
			path, err := Download(t.Context(), remote(urls...), cfg)
			checkDownloaded(t, path, err, cfg)
			if !slices.Equal(last.ranges, test.ranges) {
				t.Errorf("asked for ranges %q, want %q", last.ranges, test.ranges)
			}
		})
	}
}

func TestDownloadFailureSaysWhatToDo(t *testing.T) {
	cfg := quick(t)
	lost := newMirror(t, http.NotFound)
	short := newMirror(t, func(w http.ResponseWriter, r *http.Request) { w.Write(content[:1000]) })
	r := remote(lost.URL, short.URL)
	_, err := Download(t.Context(), r, cfg)
	checkError(t, err, lost.URL+": it answered 404", short.URL+": it offers a file of 1000 bytes, expected 300000",
		"put it at "+filepath.Join(cfg.Dir, "file.bin"), "md5 "+r.MD5, "300000 bytes")
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("the error has several lines: %v", err)
	}
	if _, err := os.Stat(filepath.Join(cfg.Dir, "file.bin")); err == nil {
		t.Error("a failed download left a file under its final name")
	}
}

// Of some files only a checksum is known: their size is what a mirror says.
func TestDownloadOfUnknownSize(t *testing.T) {
	sum := sha256.Sum256(content)
	r := Remote{Name: "file.bin", SHA256: hex.EncodeToString(sum[:])}
	page := newMirror(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>we have moved") })
	broken := newMirror(t, inTurn(good, cutAfter(100_000, good), good))
	r.URLs = []string{newMirror(t, http.NotFound).URL, page.URL, broken.URL}
	cfg := quick(t)
	var total int64
	cfg.Progress = func(done, of int64) { total = of }
	path, err := Download(t.Context(), r, cfg)
	checkDownloaded(t, path, err, cfg)
	if want := []string{"", "", "bytes=100000-"}; !slices.Equal(broken.ranges, want) || total != int64(len(content)) {
		t.Errorf("asked for ranges %q of %d bytes, want %q", broken.ranges, total, want)
	}
	if path, err = Download(t.Context(), r, cfg); err != nil || len(broken.ranges) != 3 {
		t.Errorf("a file in the cache was asked for again (error %v)", err)
	}
	writeFile(t, path, []byte("mine"))
	_, err = Download(t.Context(), r, cfg)
	checkError(t, err, path, "its sha256 is", "delete it")

	silent := newMirror(t, func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush() })
	r.URLs = []string{newMirror(t, http.NotFound).URL, silent.URL}
	_, err = Download(t.Context(), r, quick(t))
	checkError(t, err, "it answered 404", "it does not say how large the file is", "get the file (sha256 "+r.SHA256+")")
}

func TestDownloadGivesUpOnADeadMirror(t *testing.T) {
	dead := newMirror(t, good)
	dead.Close()
	_, err := Download(t.Context(), remote(dead.URL), quick(t))
	checkError(t, err, dead.URL, "refused")
}

func TestDownloadCountsAttempts(t *testing.T) {
	m := newMirror(t, func(w http.ResponseWriter, r *http.Request) { http.Error(w, "", http.StatusBadGateway) })
	_, err := Download(t.Context(), remote(m.URL), quick(t))
	checkError(t, err, "502")
	if len(m.ranges) != 3 {
		t.Errorf("%d attempts, want 3", len(m.ranges))
	}
}

func TestDownloadLeavesASilentMirror(t *testing.T) {
	for _, before := range []int{0, 1000} {
		silent := newMirror(t, func(w http.ResponseWriter, r *http.Request) {
			if before > 0 {
				w.Write(content[:before])
				w.(http.Flusher).Flush()
			}
			<-r.Context().Done()
		})
		cfg := quick(t)
		cfg.Stall, cfg.Attempts = time.Second, 1
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		path, err := Download(ctx, remote(silent.URL, newMirror(t, good).URL), cfg)
		checkDownloaded(t, path, err, cfg)
	}
}

func TestDownloadStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	m := newMirror(t, inTurn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "300000")
		w.Write(content[:1000])
		w.(http.Flusher).Flush()
		time.Sleep(20 * time.Millisecond) // lets the bytes arrive
		cancel()
		<-r.Context().Done()
	}, good))
	cfg := quick(t)
	_, err := Download(ctx, remote(m.URL), cfg)
	checkError(t, err, "was stopped")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is not context.Canceled: %v", err)
	}
	if part, err := os.ReadFile(filepath.Join(cfg.Dir, "file.bin.part")); err != nil || len(part) != 1000 {
		t.Errorf("%d bytes are kept (%v), want 1000", len(part), err)
	}
	path, err := Download(t.Context(), remote(m.URL), cfg)
	checkDownloaded(t, path, err, cfg)
	if got := m.ranges[1]; got != "bytes=1000-" {
		t.Errorf("the next run asked for %q", got)
	}
}

func TestDownloadLocks(t *testing.T) {
	cfg := quick(t)
	m := newMirror(t, good)
	if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	unlock, err := Lock(filepath.Join(cfg.Dir, "file.bin.lock"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Download(t.Context(), remote(m.URL), cfg)
	checkError(t, err, "another process", "file.bin.lock")
	if len(m.ranges) != 0 {
		t.Error("it downloaded in spite of the lock")
	}
	unlock()
	path, err := Download(t.Context(), remote(m.URL), cfg)
	checkDownloaded(t, path, err, cfg)
}

func TestDownloadKeepsAWrongFile(t *testing.T) {
	cfg := quick(t)
	m := newMirror(t, good)
	path := filepath.Join(cfg.Dir, "file.bin")
	for _, wrong := range []struct {
		content []byte
		want    string
	}{
		{[]byte("mine"), "4 bytes, expected 300000"},
		{append(bytes.Clone(content), 1, 2), "300002 bytes, expected 300000"},
		{make([]byte, len(content)), "md5"},
	} {
		writeFile(t, path, wrong.content)
		_, err := Download(t.Context(), remote(m.URL), cfg)
		checkError(t, err, path, wrong.want, "delete it")
		if got, _ := os.ReadFile(path); !bytes.Equal(got, wrong.content) {
			t.Error("the file was changed")
		}
	}
}

func TestDownloadNeedsSpace(t *testing.T) {
	if _, ok := freeSpace(t.TempDir()); !ok {
		t.Skip("the free space is not known here")
	}
	r := remote(newMirror(t, good).URL)
	r.Size = 1 << 60
	cfg := quick(t)
	for _, cfg.Dir = range []string{cfg.Dir, ""} {
		t.Setenv("AUTODROPOUT_DATA", t.TempDir())
		_, err := Download(t.Context(), r, cfg)
		checkError(t, err, "has only", "free", "AUTODROPOUT_DATA")
	}
}

func TestDownloadNamesAnUnusableFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, file, nil)
	cfg := quick(t)
	cfg.Dir = filepath.Join(file, "cache")
	_, err := Download(t.Context(), remote(newMirror(t, good).URL), cfg)
	checkError(t, err, file)
}

func TestCacheDir(t *testing.T) {
	t.Setenv("AUTODROPOUT_DATA", "/somewhere")
	if dir, err := CacheDir(); dir != "/somewhere" || err != nil {
		t.Errorf("got %q, %v", dir, err)
	}
	t.Setenv("AUTODROPOUT_DATA", "")
	if dir, err := CacheDir(); err == nil && filepath.Base(dir) != "autodropout" {
		t.Errorf("got %q", dir)
	}
}
