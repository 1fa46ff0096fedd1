package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// Status is what a run does at the moment.
type Status struct {
	Lines   []string `json:"lines"`
	Done    float64  `json:"done"`    // share of the run, 0 to 1
	Version int      `json:"version"` // grows when the page has something new
	Ended   bool     `json:"ended"`   // nothing will change any more
}

// Listen listens where a dashboard is asked for: HOST:PORT, or :PORT or PORT for
// this machine alone.
func Listen(address string) (net.Listener, error) {
	if !strings.Contains(address, ":") {
		address = ":" + address
	}
	if strings.HasPrefix(address, ":") {
		address = "127.0.0.1" + address
	}
	return net.Listen("tcp", address)
}

// Server shows the page of a run that goes on.
type Server struct {
	page   func() *Page
	status func() Status
	http   http.Server
	ended  chan struct{}

	listeners atomic.Int64 // to the events
}

const (
	statusEvery  = time.Second
	patience     = 10 * time.Second // with a reader who is slow
	headerBytes  = 1 << 14
	idleTimeout  = 2 * time.Minute
	shutdownTime = 2 * time.Second
	lastLook     = 2 * time.Second // for those who listen, to get the page as it ends
)

// Serve serves the page that page makes, and what status says, until the server
// is closed. Both are called from several goroutines.
func Serve(l net.Listener, page func() *Page, status func() Status) *Server {
	s := &Server{page: page, status: status, ended: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.showPage)
	mux.HandleFunc("GET /events", s.showEvents)
	s.http = http.Server{Handler: addressed(mux), ReadHeaderTimeout: patience, ReadTimeout: patience, IdleTimeout: idleTimeout, MaxHeaderBytes: headerBytes}
	go s.http.Serve(l)
	return s
}

// addressed refuses requests to names that are not this machine's: a page elsewhere
// could let a name of its own mean this machine, and read the run through it.
func addressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ours(r.Host) {
			http.Error(w, fmt.Sprintf("%q is not a name of this machine: ask for the dashboard by its address, or as localhost", r.Host), http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ours reports whether a request's host is an address, localhost or the name of this
// machine.
func ours(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(strings.ToLower(host), "[]")
	if net.ParseIP(host) != nil || host == "localhost" {
		return true
	}
	machine, err := os.Hostname()
	machine = strings.ToLower(machine)
	short, _, _ := strings.Cut(machine, ".")
	return err == nil && host != "" && (host == machine || host == short || host == short+".local")
}

// Close says to all readers that the run has ended, and ends the server when they
// have had the time to get the last page.
func (s *Server) Close() {
	listeners := s.listeners.Load()
	close(s.ended)
	if listeners > 0 {
		time.Sleep(lastLook)
	}
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
}

func (s *Server) showPage(w http.ResponseWriter, r *http.Request) {
	page := *s.page()
	page.Live = true
	var b bytes.Buffer
	if err := page.Write(&b); err != nil {
		http.Error(w, "the page cannot be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(patience))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(b.Bytes())
}

// showEvents sends the status whenever it has changed, as server-sent events.
func (s *Server) showEvents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	s.listeners.Add(1)
	defer s.listeners.Add(-1)
	control := http.NewResponseController(w)
	ticker := time.NewTicker(statusEvery)
	defer ticker.Stop()
	var sent []byte
	for ended := false; ; {
		status := s.status()
		status.Ended = ended
		text, err := json.Marshal(status)
		if err != nil {
			return
		}
		if !bytes.Equal(text, sent) {
			control.SetWriteDeadline(time.Now().Add(patience))
			if _, err := fmt.Fprintf(w, "data: %s\n\n", text); err != nil || control.Flush() != nil {
				return
			}
			sent = text
		}
		if ended {
			return
		}
		select {
		case <-ticker.C:
		case <-s.ended:
			ended = true
		case <-r.Context().Done():
			return
		}
	}
}
