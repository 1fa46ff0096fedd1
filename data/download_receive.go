package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"strings"
	"time"
)

// temporaryError marks what may go better when the same mirror is asked again.
type temporaryError struct{ error }

func (e temporaryError) Unwrap() error { return e.error }

// localError marks what is wrong on this machine rather than with a mirror.
type localError struct{ error }

func (e localError) Unwrap() error { return e.error }

func isTemporary(err error) bool { return errors.As(err, new(temporaryError)) }
func isLocal(err error) bool     { return errors.As(err, new(localError)) }

// errStalled is the cause of a cancelled attempt that got no bytes for too long.
var errStalled = errors.New("it sent nothing for too long")

// receive completes the .part file from url. Resumed says whether the file had
// content before.
func (d *download) receive(ctx context.Context, url string) (resumed bool, err error) {
	part, err := os.OpenFile(d.partPath(), os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return false, localError{err}
	}
	defer func() {
		if closeErr := part.Close(); err == nil && closeErr != nil {
			err = localError{closeErr}
		}
	}()
	have, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return false, localError{err}
	}
	if have == d.Size {
		return true, nil // complete, but the last run ended before it was checked
	}
	if have > d.Size {
		if have, err = restart(part); err != nil {
			return false, err
		}
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	alarm := time.AfterFunc(d.cfg.Stall, func() { cancel(errStalled) })
	defer alarm.Stop()
	response, err := d.request(ctx, url, have)
	if err != nil {
		return have > 0, stallOr(ctx, err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK, http.StatusRequestedRangeNotSatisfiable:
		// The mirror sends all of it, or finds no use for the part: start over.
		if have, err = restart(part); err != nil {
			return false, err
		}
	}
	if err := d.checkResponse(response, have); err != nil {
		return have > 0, err
	}
	body := &meter{r: response.Body, seen: func(n int64) {
		alarm.Reset(d.cfg.Stall)
		d.cfg.Progress(have+n, d.Size)
	}}
	return have > 0, stallOr(ctx, d.copyBody(part, body, d.Size-have))
}

// restart empties the .part file.
func restart(part *os.File) (have int64, err error) {
	if err := part.Truncate(0); err != nil {
		return 0, localError{err}
	}
	if _, err := part.Seek(0, io.SeekStart); err != nil {
		return 0, localError{err}
	}
	return 0, nil
}

// stallOr says that a mirror stalled if that is why err came about.
func stallOr(ctx context.Context, err error) error {
	if err != nil && context.Cause(ctx) == errStalled {
		return temporaryError{errStalled}
	}
	return err
}

// request asks for the bytes from have on.
func (d *download) request(ctx context.Context, url string, have int64) (*http.Response, error) {
	var header http.Header
	if have > 0 {
		header = http.Header{"Range": {fmt.Sprintf("bytes=%d-", have)}}
	}
	return d.ask(ctx, http.MethodGet, url, header)
}

func (d *download) ask(ctx context.Context, method, url string, header http.Header) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return nil, err
	}
	if err := secure(request); err != nil {
		return nil, err
	}
	maps.Copy(request.Header, header)
	request.Header.Set("User-Agent", "autodropout")
	// Bytes as they are: a mirror must not compress, nor net/http unpack, them.
	request.Header.Set("Accept-Encoding", "identity")
	client := *d.cfg.Client
	client.CheckRedirect = func(next *http.Request, before []*http.Request) error {
		const most = 10 // as net/http has it
		if len(before) >= most {
			return fmt.Errorf("it redirects more than %d times", most)
		}
		return secure(next)
	}
	response, err := client.Do(request)
	if err != nil && errors.As(err, new(insecureError)) {
		return nil, err
	}
	if err != nil {
		return nil, temporaryError{err}
	}
	return response, nil
}

// askSize asks a mirror how large the file is.
func (d *download) askSize(ctx context.Context, url string) (int64, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.cfg.Stall, errStalled)
	defer cancel()
	response, err := d.ask(ctx, http.MethodHead, url, nil)
	if err != nil {
		return 0, stallOr(ctx, err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, refusal(response)
	}
	if response.ContentLength <= 0 {
		return 0, fmt.Errorf("it does not say how large the file is")
	}
	return response.ContentLength, nil
}

// refusal says that a mirror does not send the file.
func refusal(response *http.Response) error {
	err := fmt.Errorf("it answered %s", response.Status)
	switch code := response.StatusCode; {
	case code == http.StatusRequestedRangeNotSatisfiable, code == http.StatusRequestTimeout,
		code == http.StatusTooManyRequests, code >= 500:
		return temporaryError{err}
	}
	return err
}

// insecureError reports an address that is not one of HTTPS.
type insecureError struct{ url string }

func (e insecureError) Error() string {
	return fmt.Sprintf("%s is not an https address, and nothing is downloaded otherwise", e.url)
}

func secure(r *http.Request) error {
	if r.URL.Scheme != "https" {
		return insecureError{r.URL.String()}
	}
	return nil
}

// checkResponse tells whether a response brings what is missing after have bytes.
func (d *download) checkResponse(response *http.Response, have int64) error {
	switch code := response.StatusCode; {
	case code == http.StatusPartialContent:
		want := fmt.Sprintf("bytes %d-%d/%d", have, d.Size-1, d.Size)
		got := response.Header.Get("Content-Range")
		if got != want && strings.TrimSuffix(want, fmt.Sprint(d.Size))+"*" != got {
			return fmt.Errorf("it sends another part than was asked for: Content-Range is %q, expected %q", got, want)
		}
	case code == http.StatusOK:
		if n := response.ContentLength; n >= 0 && n != d.Size {
			return fmt.Errorf("it offers a file of %d bytes, expected %d", n, d.Size)
		}
	default:
		return refusal(response)
	}
	return nil
}

// copyBody appends exactly missing bytes to the .part file.
func (d *download) copyBody(part *os.File, body *meter, missing int64) error {
	n, err := io.Copy(part, io.LimitReader(body, missing+1))
	switch {
	case body.err != nil:
		return temporaryError{fmt.Errorf("the connection broke after %d bytes: %w", n, body.err)}
	case err != nil:
		return localError{err}
	case n < missing:
		return temporaryError{fmt.Errorf("it stopped %d bytes before the end", missing-n)}
	case n > missing:
		return fmt.Errorf("it sends more than the expected %d bytes", d.Size)
	}
	if err := part.Sync(); err != nil {
		return localError{err}
	}
	return nil
}

// A meter passes reads on, reports how many bytes have come and keeps the error,
// which tells a broken connection from a full disk.
type meter struct {
	r    io.Reader
	n    int64
	seen func(n int64)
	err  error
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if n > 0 {
		m.n += int64(n)
		m.seen(m.n)
	}
	if err != nil && err != io.EOF {
		m.err = err
	}
	return n, err
}
