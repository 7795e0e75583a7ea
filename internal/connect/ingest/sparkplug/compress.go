package sparkplug

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
)

// compressed is the UUID of a payload whose body is another payload, compressed: a convention of the reference
// implementation (Eclipse Tahu) and its relatives, which the specification leaves open.
const compressed = "SPBV1.0_COMPRESSED"

// inflate returns the payload within a compressed one, of at most max bytes.
func inflate(p *Payload, max int64) ([]byte, error) {
	algorithm := "DEFLATE"
	var m Metric
	for it := p.Metrics(); it.Next(&m); {
		if string(m.Name) == "algorithm" && m.Kind == KindString && len(m.Bytes) < 16 {
			algorithm = string(bytes.ToUpper(m.Bytes))
		}
	}
	var r io.Reader
	var err error
	switch algorithm {
	case "DEFLATE":
		r, err = zlib.NewReader(bytes.NewReader(p.Body))
	case "GZIP":
		r, err = gzip.NewReader(bytes.NewReader(p.Body))
	default:
		return nil, fmt.Errorf("compressed by %.20q; DEFLATE and GZIP are known", algorithm)
	}
	if err != nil {
		return nil, fmt.Errorf("compressed body: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(r, max+1))
	if err != nil {
		return nil, fmt.Errorf("compressed body: %w", err)
	}
	if int64(len(b)) > max {
		return nil, fmt.Errorf("compressed body: more than %d bytes", max)
	}
	return b, nil
}
