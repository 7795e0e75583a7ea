package aasx

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/url"
	"path"
	"strings"

	"jingwei/internal/identify/twin/aas"
)

// maxRatio is how many times a file of a package may expand: PDF, images and XML stay far below, bombs far above. Files below
// a mebibyte are let be.
const maxRatio = 200

// checkNames looks at the directory of a package before anything of it is read.
func checkNames(b []byte) (*zip.Reader, *aas.Fault) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, refused("", err)
	}
	if len(z.File) > maxParts {
		return nil, &aas.Fault{Rule: aas.RuleSize, Message: fmt.Sprintf("the package has %d files; at most %d are read", len(z.File), maxParts)}
	}
	seen := map[string]bool{}
	var total uint64
	for _, f := range z.File {
		name := "/" + f.Name
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		if err := CheckPath(name); err != nil {
			return nil, err
		}
		folded := strings.ToLower(name)
		if seen[folded] {
			return nil, &aas.Fault{Path: name, Rule: RulePath, Message: "the name stands twice in the package"}
		}
		seen[folded] = true
		size := f.UncompressedSize64
		total += size
		if size > maxPart || total > maxTotal {
			return nil, &aas.Fault{Path: name, Rule: aas.RuleSize, Message: fmt.Sprintf("it expands to %d bytes, with what stands before it to %d; at most %d and %d are read", size, total, maxPart, maxTotal)}
		}
		if size > 1<<20 && size > maxRatio*max(f.CompressedSize64, 1) {
			return nil, &aas.Fault{Path: name, Rule: aas.RuleSize, Message: fmt.Sprintf("it expands %d times; at most %d times is read", size/max(f.CompressedSize64, 1), maxRatio)}
		}
	}
	return z, nil
}

// maxName bounds a path, in bytes.
const maxName = 500

// CheckPath refuses a path that is not one within a package: it begins with / and has no empty, . or .. segments, also where
// they are percent-encoded, no backslash, no control characters.
func CheckPath(name string) *aas.Fault {
	plain, err := url.PathUnescape(name)
	bad := err != nil || len(name) > maxName || !strings.HasPrefix(plain, "/") || strings.ContainsAny(plain, "\\:*?\"<>|") || path.Clean(plain) != plain || plain == "/"
	for _, c := range plain {
		bad = bad || c < 0x20 || c == 0x7f
	}
	if bad {
		return &aas.Fault{Path: strings.ToValidUTF8(name[:min(len(name), maxName)], "\uFFFD"), Rule: RulePath, Message: "a part's name is a plain path within the package"}
	}
	return nil
}
