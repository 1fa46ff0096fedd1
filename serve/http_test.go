package serve_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"autodropout/autograd"
	"autodropout/ops"
	"autodropout/serve"
)

// TestHandlerOfOddNetworks: classes of one name are one class to who asks, and what is no number is
// no answer.
func TestHandlerOfOddNetworks(t *testing.T) {
	spoilt := false
	m := newNetwork(classes)
	h := header(t)
	h.Classes = []string{"crane", "b", "crane", "d", "e"}
	p, err := serve.New(&changed{m, func(x *autograd.Tensor) *autograd.Tensor {
		if spoilt {
			return ops.Log(ops.Scale(x, 0))
		}
		return x
	}}, h, serve.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	post := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		serve.Handler(p, serve.Limits{}).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(photo(1))))
		return w
	}
	want := alone(t, m, photo(1))
	var got map[string]float32
	if err := json.Unmarshal(post().Body.Bytes(), &got); err != nil || len(got) != 4 || got["crane"] != want[0]+want[2] {
		t.Errorf("error %v, answer %v, want those of %v", err, got, want)
	}
	spoilt = true
	if w := post(); w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "not finite") {
		t.Errorf("outputs that are not finite: code %d and %q", w.Code, w.Body)
	}
}

// TestHandler wants each class by its name, and a sentence with a code for all that is not answered.
func TestHandler(t *testing.T) {
	m := newNetwork(classes)
	p := newPredictor(t, m, serve.Config{})
	server := httptest.NewServer(serve.Handler(p, serve.Limits{Bytes: 10_000, Uploads: 1, Patience: time.Second / 10}))
	defer server.Close()
	post := func(body io.Reader) (int, string) {
		response, err := http.Post(server.URL, "", body)
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
	want := alone(t, m, photo(1))
	code, text := post(bytes.NewReader(photo(1)))
	var got map[string]float32
	if err := json.Unmarshal([]byte(text), &got); err != nil || code != 200 || len(got) != classes || got["b"] != want[1] || got["e"] != want[4] {
		t.Errorf("code %d, error %v, answer %s, want %v", code, err, text, want)
	}
	refused := func(what string, body io.Reader, code int, why string) {
		t.Helper()
		if got, text := post(body); got != code || !strings.Contains(text, why) || strings.Count(text, "\n") != 1 {
			t.Errorf("%s: code %d and %q, want %d and a sentence with %q", what, got, text, code, why)
		}
	}
	refused("no picture", strings.NewReader("hello"), http.StatusUnsupportedMediaType, "cannot be used")
	refused("a large picture", bytes.NewReader(make([]byte, 10_001)), http.StatusRequestEntityTooLarge, "too large")

	slow, sent := io.Pipe()
	ended := make(chan error)
	go func() {
		response, err := http.Post(server.URL, "", slow)
		if err == nil {
			err = response.Body.Close()
		}
		ended <- err
	}()
	sent.Write(photo(2)[:20]) // returns once it is being read: the only upload at a time
	code = 0
	for i := 0; code != http.StatusServiceUnavailable && i < 500; i++ {
		code, text = post(bytes.NewReader(photo(1)))
	}
	if !strings.Contains(text, "too many images") {
		t.Errorf("a second upload: %q", text)
	}
	sent.CloseWithError(errors.New("the visitor has left"))
	<-ended
	m.mu.Lock() // nothing is computed from now on
	defer m.mu.Unlock()
	text = "too many images"
	for i := 0; strings.Contains(text, "too many images") && i < 500; i++ {
		_, text = post(bytes.NewReader(photo(1)))
	}
	if !strings.Contains(text, "deadline") {
		t.Errorf("beyond the patience: %q", text)
	}
}
