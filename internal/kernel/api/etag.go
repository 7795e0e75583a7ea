package api

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// ETag makes a strong entity tag of whatever changes with the resource: its revision, or all of its fields.
func ETag(parts ...any) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%v\x00", p)
	}
	return `"` + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12]) + `"`
}

// IfMatch is embedded in the input of an operation that changes one resource.
type IfMatch struct {
	IfMatch string `header:"If-Match" doc:"ETag of the version that the change was made from; without it the change is made to whatever stands"`
}

// Check returns ErrPrecondition when the caller named a version and it is not the one that stands (RFC 9110, 13.1.1).
func (m IfMatch) Check(etag string) error {
	if m.IfMatch == "" || m.IfMatch == "*" {
		return nil
	}
	for tag := range strings.SplitSeq(m.IfMatch, ",") {
		// Compression on the way makes a tag weak; ours name a version, not bytes, so the mark does not matter.
		if strings.TrimPrefix(strings.TrimSpace(tag), "W/") == etag {
			return nil
		}
	}
	return ErrPrecondition.At("header.If-Match", m.IfMatch).With("etag", etag)
}
