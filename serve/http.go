package serve

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

// Limits bound what [Handler] accepts from strangers. The zero value is sensible.
type Limits struct {
	Bytes    int64         // of a file; 0: 8 MB
	Uploads  int           // files that are sent at a time; 0: 32
	Patience time.Duration // for the answer to a file that has come; 0: 10 s
}

// Handler answers a file of an image that is sent by POST, as the whole body of the
// request, with a JSON object: the probability of every class, and the sum of those of classes
// that have one name. Any other request gets a sentence and a status code: 415 for a body that is
// no image, 413 for a file of too many bytes, 503 if too many requests come at a time; 500 if the
// network's outputs are not finite. The http.Server decides how long a client may take to send a
// file.
func Handler(p *Predictor, limits Limits) http.Handler {
	largest, patience := cmp.Or(limits.Bytes, 8<<20), cmp.Or(limits.Patience, 10*time.Second)
	sending := make(chan struct{}, cmp.Or(limits.Uploads, 32))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "send a picture by POST", http.StatusMethodNotAllowed)
			return
		}
		select {
		case sending <- struct{}{}:
			defer func() { <-sending }()
		default:
			fail(w, ErrBusy)
			return
		}
		file, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largest))
		if err != nil {
			fail(w, err)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		scores, err := p.Predict(ctx, file)
		if err != nil {
			fail(w, err)
			return
		}
		if !finite(scores) {
			http.Error(w, "the network's outputs for this picture are not finite", http.StatusInternalServerError)
			return
		}
		answer := map[string]float32{}
		for i, class := range p.prepare.Header().Classes {
			answer[class] += scores[i]
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(answer)
	})
}

// fail says what went wrong, and whose fault it is.
func fail(w http.ResponseWriter, err error) {
	code := http.StatusServiceUnavailable
	var large *http.MaxBytesError
	var bad *BadImageError
	switch {
	case errors.As(err, &large):
		code = http.StatusRequestEntityTooLarge
	case errors.As(err, &bad):
		code = http.StatusUnsupportedMediaType
	}
	http.Error(w, err.Error(), code)
}
