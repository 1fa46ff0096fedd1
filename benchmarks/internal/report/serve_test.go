package report

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestListen(t *testing.T) {
	for _, address := range []string{":0", "0", "127.0.0.1:0", "localhost:0"} {
		l, err := Listen(address)
		if err != nil {
			t.Fatalf("%q: %v", address, err)
		}
		if ip := l.Addr().(*net.TCPAddr).IP; !ip.IsLoopback() {
			t.Errorf("%q listens at %v", address, ip)
		}
		l.Close()
	}
	if _, err := Listen("no port"); err == nil {
		t.Error("no error for what is no port")
	}
}

func TestServe(t *testing.T) {
	l, err := Listen(":0")
	if err != nil {
		t.Fatal(err)
	}
	var version atomic.Int64
	s := Serve(l, func() *Page { return &Page{Title: "a run"} }, func() Status { return Status{Lines: []string{"training"}, Version: int(version.Load())} })
	if s.http.ReadHeaderTimeout == 0 || s.http.IdleTimeout == 0 || s.http.ReadTimeout == 0 {
		t.Error("the server waits for ever")
	}
	base := "http://" + l.Addr().String()
	client := &http.Client{Timeout: 10 * time.Second}
	get := func(path string) (int, string) {
		t.Helper()
		response, err := client.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(text)
	}
	if code, text := get("/"); code != http.StatusOK || !strings.Contains(text, "<h1>a run</h1>") || !strings.Contains(text, `id="status"`) {
		t.Errorf("code %d, page %.200s", code, text)
	}
	if code, _ := get("/result.json"); code != http.StatusNotFound {
		t.Errorf("another file has the code %d", code)
	}
	if response, err := client.Post(base, "text/plain", nil); err != nil || response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("a post has the response %v, error %v", response, err)
	}

	response, err := client.Get(base + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	next := func() (status Status) {
		t.Helper()
		for lines.Scan() {
			if text, found := strings.CutPrefix(lines.Text(), "data: "); found {
				if err := json.Unmarshal([]byte(text), &status); err != nil {
					t.Fatal(err)
				}
				return status
			}
		}
		t.Fatalf("the events end: %v", lines.Err())
		return status
	}
	if s := next(); s.Version != 0 || s.Lines[0] != "training" || s.Ended {
		t.Errorf("the first event is %+v", s)
	}
	version.Store(1)
	if s := next(); s.Version != 1 || s.Ended {
		t.Errorf("the second event is %+v", s)
	}
	closed := make(chan struct{})
	go func() { s.Close(); close(closed) }()
	if s := next(); !s.Ended {
		t.Errorf("the last event is %+v", s)
	}
	if code, _ := get("/"); code != http.StatusOK {
		t.Errorf("who listened to the end does not get the last page: code %d", code)
	}
	<-closed
	if _, err := client.Get(base); err == nil {
		t.Error("the server answers after it was closed")
	}
}

// TestHost: a page elsewhere that lets its name mean this machine reads nothing.
func TestHost(t *testing.T) {
	l, err := Listen(":0")
	if err != nil {
		t.Fatal(err)
	}
	s := Serve(l, func() *Page { return &Page{} }, func() Status { return Status{} })
	defer s.Close()
	machine, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{
		l.Addr().String(): http.StatusOK, "127.0.0.1": http.StatusOK, "[::1]:8080": http.StatusOK, "localhost:1": http.StatusOK, "192.168.1.7:80": http.StatusOK,
		machine: http.StatusOK, strings.ToUpper(machine) + ":8080": http.StatusOK,
		"attacker.example": http.StatusMisdirectedRequest, "attacker.example:8080": http.StatusMisdirectedRequest, "localhost.attacker.example": http.StatusMisdirectedRequest,
		"127.0.0.1.attacker.example": http.StatusMisdirectedRequest,
	} {
		for _, path := range []string{"/", "/events"} {
			if path == "/events" && want == http.StatusOK {
				continue // it does not end
			}
			request, err := http.NewRequest("GET", "http://"+l.Addr().String()+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Host = host
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != want {
				t.Errorf("host %q, %s: code %d, want %d", host, path, response.StatusCode, want)
			}
		}
	}
}
