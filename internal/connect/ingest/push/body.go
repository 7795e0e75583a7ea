package push

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"

	"jingwei/internal/kernel/api/problem"
)

// What can be wrong with a request as a whole.
var (
	ErrTooLarge  = problem.Define("push-too-large", http.StatusRequestEntityTooLarge)
	ErrRows      = problem.Define("push-rows", http.StatusRequestEntityTooLarge)
	ErrTexts     = problem.Define("push-texts", http.StatusRequestEntityTooLarge)
	ErrEncoding  = problem.Define("push-encoding", http.StatusUnsupportedMediaType)
	ErrMediaType = problem.Define("push-media-type", http.StatusUnsupportedMediaType)
	ErrVersion   = problem.Define("push-remote-write-version", http.StatusUnsupportedMediaType)
	ErrBody      = problem.Define("push-body", http.StatusBadRequest)
	ErrBusy      = problem.Define("push-busy", http.StatusServiceUnavailable)
)

// budget bounds the memory that the bodies of all requests take together.
type budget struct {
	left atomic.Int64
}

// take reserves bytes, or says that there are none: the sender comes again later.
func (b *budget) take(n int64) bool {
	if b.left.Add(-n) < 0 {
		b.left.Add(n)
		return false
	}
	return true
}

// share is what one request has taken.
type share struct {
	of    *budget
	taken int64
}

func (s *share) take(n int64) error {
	if !s.of.take(n) {
		return ErrBusy.With("reason", busyMemory).Header("Retry-After", "1")
	}
	s.taken += n
	return nil
}

// free gives everything back; it may be called again.
func (s *share) free() {
	s.of.left.Add(s.taken)
	s.taken = 0
}

// read reads everything of r into memory that is reserved before it is made. limit is in bytes; what is longer is refused with
// tooLong.
func (s *share) read(r io.Reader, expect, limit int64, tooLong error) ([]byte, error) {
	const least = 16 << 10
	size := min(max(expect, 0)+1, limit+1) // one more, so that the end is seen without growing
	size = max(size, min(least, limit+1))
	if err := s.take(size); err != nil {
		return nil, err
	}
	buf := make([]byte, 0, size)
	for {
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > limit:
			return nil, tooLong
		case err == io.EOF:
			return buf, nil
		case err != nil:
			return nil, err
		}
		if len(buf) == cap(buf) {
			more := min(2*int64(cap(buf)), limit+1)
			if err := s.take(more); err != nil {
				return nil, err
			}
			wider := append(make([]byte, 0, more), buf...)
			s.of.left.Add(int64(cap(buf)))
			s.taken -= int64(cap(buf))
			buf = wider
		}
	}
}

// encodings that a body may have. snappy is the block format that remote write prescribes, or the framed one.
const encodings = "gzip, zstd, snappy, identity"

// body reads a request's body and undoes its compression, within the limits.
func (h *Handler) body(w http.ResponseWriter, r *http.Request, f *format, s *share) ([]byte, error) {
	encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding")))
	if encoding == "" && f.snappy {
		encoding = "snappy"
	}
	tooLong := ErrTooLarge.With("limit", h.o.MaxBody>>20).With("what", compressedBody)
	if r.ContentLength > h.o.MaxBody {
		return nil, tooLong
	}
	decodedTooLong := ErrTooLarge.With("limit", h.o.MaxDecoded>>20).With("what", decodedBody)
	var src io.Reader = http.MaxBytesReader(w, r.Body, h.o.MaxBody+1)
	var out []byte
	var err error
	switch encoding {
	case "", "identity":
		out, err = s.read(src, r.ContentLength, min(h.o.MaxBody, h.o.MaxDecoded), tooLong)
	case "gzip", "x-gzip":
		var z *gzip.Reader
		if z, err = gzip.NewReader(src); err == nil {
			out, err = s.read(z, 3*r.ContentLength, h.o.MaxDecoded, decodedTooLong)
		} else if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
	case "zstd":
		var z *zstd.Decoder
		z, err = zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20))
		if err == nil {
			if err = s.take(9 << 20); err == nil { // the window
				out, err = s.read(z, 3*r.ContentLength, h.o.MaxDecoded, decodedTooLong)
			}
			z.Close()
		}
	case "snappy", "x-snappy-framed":
		var in []byte
		if in, err = s.read(src, r.ContentLength, h.o.MaxBody, tooLong); err == nil {
			out, err = h.unsnap(in, s, decodedTooLong)
		}
	default:
		return nil, ErrEncoding.At("header.Content-Encoding", encoding).With("encodings", encodings)
	}
	if err == nil {
		return out, nil
	}
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return nil, tooLong
	case isProblem(err):
		return nil, err
	case r.Context().Err() != nil:
		return nil, fmt.Errorf("the sender has gone: %w", r.Context().Err())
	}
	return nil, ErrBody.At("body", encoding).With("reason", err.Error())
}

func isProblem(err error) bool {
	_, ok := problem.From(err)
	return ok
}

// framed is what the framed format of snappy begins with.
var framed = []byte("\xff\x06\x00\x00sNaPpY")

func (h *Handler) unsnap(in []byte, s *share, tooLong error) ([]byte, error) {
	if bytes.HasPrefix(in, framed) {
		return s.read(snappy.NewReader(bytes.NewReader(in)), 2*int64(len(in)), h.o.MaxDecoded, tooLong)
	}
	n, err := snappy.DecodedLen(in)
	switch {
	case err != nil:
		return nil, err
	case int64(n) > h.o.MaxDecoded:
		return nil, tooLong
	case n > 64*len(in): // a copy of three bytes gives at most 64: what claims more is not snappy, and would cost memory only
		return nil, snappy.ErrCorrupt
	}
	if err := s.take(int64(n)); err != nil {
		return nil, err
	}
	return snappy.Decode(make([]byte, n), in)
}
