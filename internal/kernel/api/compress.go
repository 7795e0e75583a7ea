package api

import (
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// minCompress is the smallest answer worth compressing, in bytes.
const minCompress = 1400

var gzipWriters = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	return w
}}

// compressed answers with gzip where the caller takes it and the content is text of some size. Streams of events are
// left alone: a compressor would hold their events back.
func compressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !acceptsGzip(r.Header.Get("Accept-Encoding")) || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		c := &compressor{ResponseWriter: w}
		finished := false
		defer func() {
			if finished {
				c.close()
			} else {
				c.abandon()
			}
		}()
		next.ServeHTTP(c, r)
		finished = true
	})
}

func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		q = strings.TrimSpace(q)
		if name == "gzip" && q != "q=0" && q != "q=0.0" {
			return true
		}
	}
	return false
}

// compressor holds back the first bytes until it is worth deciding.
type compressor struct {
	http.ResponseWriter
	status  int
	held    []byte
	decided bool
	gz      *gzip.Writer
}

func (c *compressor) WriteHeader(status int) {
	if status < 200 {
		c.ResponseWriter.WriteHeader(status)
		return
	}
	if c.status != 0 {
		return
	}
	c.status = status
	if !c.suitable() {
		c.decide(false)
	}
}

func (c *compressor) suitable() bool {
	h := c.Header()
	if c.status == http.StatusNoContent || c.status == http.StatusNotModified || c.status == http.StatusPartialContent ||
		h.Get("Content-Encoding") != "" {
		return false
	}
	ct, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	switch {
	case ct == "text/event-stream":
		return false
	case strings.HasPrefix(ct, "text/"), strings.HasSuffix(ct, "json"), strings.HasSuffix(ct, "javascript"), ct == "image/svg+xml":
		return true
	}
	return false
}

func (c *compressor) decide(compress bool) {
	c.decided = true
	if c.suitable() {
		c.Header().Add("Vary", "Accept-Encoding")
	}
	if compress {
		c.Header().Set("Content-Encoding", "gzip")
		c.Header().Del("Content-Length")
		// A strong tag names exact bytes, and these are others (RFC 9110, 8.8.3.3).
		if tag := c.Header().Get("ETag"); strings.HasPrefix(tag, `"`) {
			c.Header().Set("ETag", "W/"+tag)
		}
		c.gz = gzipWriters.Get().(*gzip.Writer)
		c.gz.Reset(c.ResponseWriter)
	}
	c.ResponseWriter.WriteHeader(c.status)
}

func (c *compressor) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.WriteHeader(http.StatusOK)
	}
	if c.decided {
		return c.out(b)
	}
	if len(c.held)+len(b) < minCompress {
		c.held = append(c.held, b...)
		return len(b), nil
	}
	c.decide(true)
	if _, err := c.out(c.held); err != nil {
		return 0, err
	}
	c.held = nil
	return c.out(b)
}

func (c *compressor) out(b []byte) (int, error) {
	if c.gz != nil {
		return c.gz.Write(b)
	}
	return c.ResponseWriter.Write(b)
}

// FlushError sends what there is.
func (c *compressor) FlushError() error {
	if c.status == 0 {
		c.WriteHeader(http.StatusOK)
	}
	if !c.decided {
		c.decide(false)
		if _, err := c.out(c.held); err != nil {
			return err
		}
		c.held = nil
	}
	if c.gz != nil {
		if err := c.gz.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(c.ResponseWriter).Flush()
}

func (c *compressor) close() {
	if c.status == 0 {
		return // nothing was answered; net/http does
	}
	if !c.decided {
		c.decide(false)
		_, _ = c.out(c.held)
	}
	if c.gz != nil {
		_ = c.gz.Close()
		gzipWriters.Put(c.gz)
		c.gz = nil
	}
}

// abandon is for a handler that panicked: what was held back is not sent, so that an error can still be answered.
func (c *compressor) abandon() {
	if c.gz != nil {
		gzipWriters.Put(c.gz)
		c.gz = nil
	}
}

func (c *compressor) Unwrap() http.ResponseWriter { return c.ResponseWriter }
