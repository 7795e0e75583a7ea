// Package aasx reads and writes AASX packages: documents as XML or JSON, supplementary files and a thumbnail in one OPC (ZIP)
// file. It is pure: bytes in, bytes out. A package that expands to more than the bounds, that has a part whose path leaves the
// package, or two parts of one name, is refused whole.
//
// Source: IDTA-01005-3-0 (AASX), ISO/IEC 29500-2 (OPC).
package aasx

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/url"
	"path"
	"strings"

	pack "github.com/aas-core-works/aas-package3-golang/v2"

	"jingwei/internal/identify/twin/aas"
)

// Bounds of a package.
const (
	MaxPackage  = 64 << 20  // bytes as it comes
	maxParts    = 2000      // files in it
	maxMetadata = 4 << 20   // bytes of relationships and content types, expanded
	maxPart     = 64 << 20  // bytes of one file, expanded
	maxTotal    = 256 << 20 // bytes of all files, expanded
)

// RuleSize, RulePackage and RulePath are the rules of faults of packages.
const (
	RulePackage = "package" // it is no ZIP, or no AASX
	RulePath    = "path"    // a part's name leaves the package or stands twice
)

// File is one file that travels beside the documents.
type File struct {
	Path      string // within the package, such as /aasx/files/manual.pdf
	MediaType string
	Content   []byte
}

// Package is what a package holds.
type Package struct {
	Documents []*aas.Document
	Files     []File
	Thumbnail *File // nil where it has none
}

// Read reads a package. Error: *aas.Fault.
func Read(b []byte) (*Package, error) {
	if len(b) > MaxPackage {
		return nil, &aas.Fault{Rule: aas.RuleSize, Message: fmt.Sprintf("the package has %d bytes; at most %d are read", len(b), MaxPackage)}
	}
	z, f := checkNames(b)
	if f != nil {
		return nil, f
	}
	p, err := pack.NewPackaging().OpenReadFromReaderAt(bytes.NewReader(b), int64(len(b)), pack.WithMaxPartCount(maxParts),
		pack.WithMaxOPCMetadataBytes(maxMetadata), pack.WithMaxPartExpandedBytes(maxPart), pack.WithMaxTotalExpandedBytes(maxTotal))
	if err != nil {
		return nil, refused("", err)
	}
	defer p.Close()
	specs, err := p.Specs()
	if err != nil {
		return nil, refused("", err)
	}
	out := &Package{}
	if err := out.documents(specs); err != nil {
		return nil, err
	}
	thumbnail, err := p.Thumbnail()
	switch {
	case err == nil && thumbnail != nil:
		content, err := thumbnail.ReadAllBytes()
		if err != nil {
			return nil, refused(thumbnail.URI.Path, err)
		}
		out.Thumbnail = &File{Path: thumbnail.URI.Path, MediaType: mediaType(thumbnail.ContentType, thumbnail.URI.Path), Content: content}
	case err != nil && !errors.Is(err, pack.ErrPartNotFound):
		return nil, refused("thumbnail", err)
	}
	known := map[string]bool{}
	for _, spec := range specs {
		known[strings.ToLower(spec.URI.Path)] = true
	}
	if out.Thumbnail != nil {
		known[strings.ToLower(out.Thumbnail.Path)] = true
	}
	return out, out.files(z, p, known)
}

func refused(where string, err error) *aas.Fault {
	return &aas.Fault{Path: where, Rule: RulePackage, Message: err.Error()}
}

// documents reads the specifications. One that another says again in another format (XML beside JSON) is read once.
func (p *Package) documents(specs []*pack.Part) error {
	if len(specs) == 0 {
		return &aas.Fault{Rule: RulePackage, Message: "it holds no specification (relationship aas-spec)"}
	}
	seen := map[string]*aas.Document{}
	for _, spec := range specs {
		b, err := spec.ReadAllBytes()
		if err != nil {
			return refused(spec.URI.Path, err)
		}
		read := aas.ReadEnvironmentXML
		if isJSON(spec.ContentType, spec.URI.Path, b) {
			read = aas.ReadEnvironment
		}
		docs, err := read(b)
		if err != nil {
			return within(spec.URI.Path, err)
		}
		for _, d := range docs {
			key := string(d.Kind) + " " + d.ID
			if was := seen[key]; was != nil {
				if string(was.Content) != string(d.Content) {
					return &aas.Fault{Path: spec.URI.Path, Value: d.ID, Rule: aas.RuleDuplicate, Message: "two specifications of the package say different things of the same id"}
				}
				continue
			}
			seen[key] = d
			p.Documents = append(p.Documents, d)
		}
	}
	return nil
}

func within(where string, err error) error {
	var f *aas.Fault
	if !errors.As(err, &f) {
		return err
	}
	f.Path = where + "#" + f.Path
	return f
}

func isJSON(contentType, name string, b []byte) bool {
	if strings.Contains(contentType, "json") || strings.Contains(contentType, "xml") && !strings.HasPrefix(contentType, "application/octet") {
		return strings.Contains(contentType, "json")
	}
	if ext := strings.ToLower(path.Ext(name)); ext == ".json" || ext == ".xml" {
		return ext == ".json"
	}
	return json.Valid(b)
}

// files takes what is neither specification nor thumbnail nor the package's own. It goes by the directory of the ZIP: tools
// disagree on whether names there are percent-encoded, and the library finds only those that its relationships spell alike.
func (p *Package) files(z *zip.Reader, r *pack.PackageRead, known map[string]bool) error {
	for _, f := range z.File {
		name := "/" + f.Name
		if strings.HasSuffix(name, "/") || known[strings.ToLower(name)] || ofPackaging(name) {
			continue
		}
		plain, err := url.PathUnescape(name)
		if err != nil {
			return refused(name, err)
		}
		told := ""
		if part, err := r.FindPart(&url.URL{Path: name}); err == nil && part != nil {
			told = part.ContentType
		}
		in, err := f.Open()
		if err != nil {
			return refused(name, err)
		}
		b, err := io.ReadAll(io.LimitReader(in, maxPart))
		if err = errors.Join(err, in.Close()); err != nil {
			return refused(name, err)
		}
		p.Files = append(p.Files, File{Path: plain, MediaType: mediaType(told, plain), Content: b})
	}
	return nil
}

// ofPackaging tells whether a part says how the others belong together.
func ofPackaging(name string) bool {
	lower := strings.ToLower(name)
	return lower == "/[content_types].xml" || strings.HasSuffix(lower, ".rels") || strings.HasSuffix(lower, "/aasx-origin")
}

func mediaType(told, name string) string {
	if kind, _, err := mime.ParseMediaType(told); err == nil {
		return kind
	}
	if kind := mime.TypeByExtension(strings.ToLower(path.Ext(name))); kind != "" {
		return kind
	}
	return "application/octet-stream"
}

// Write writes a package with its documents as JSON, or as XML.
func Write(p *Package, asXML bool) ([]byte, error) {
	var b bytes.Buffer
	w, err := pack.NewPackaging().CreateWriter(&b)
	if err != nil {
		return nil, fmt.Errorf("write a package: %w", err)
	}
	spec, err := p.spec(w, asXML)
	if err != nil {
		return nil, fmt.Errorf("write a package: %w", err)
	}
	for _, f := range p.Files {
		part, err := put(w, f)
		if err != nil {
			return nil, err
		}
		if err := w.RelateSupplementaryToSpec(part, spec); err != nil {
			return nil, fmt.Errorf("write %s into a package: %w", f.Path, err)
		}
	}
	if t := p.Thumbnail; t != nil {
		part, err := put(w, *t)
		if err != nil {
			return nil, err
		}
		if err := w.SetThumbnail(part); err != nil {
			return nil, fmt.Errorf("write the thumbnail into a package: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("write a package: %w", err)
	}
	return b.Bytes(), nil
}

func (p *Package) spec(w *pack.PackageWriter, asXML bool) (*pack.Part, error) {
	name, kind := "/aasx/data.json", "application/json"
	content, err := aas.Encode(aas.Environment(p.Documents))
	if asXML {
		name, kind = "/aasx/data.xml", "application/xml"
		content, err = aas.EnvironmentXML(p.Documents)
	}
	if err != nil {
		return nil, err
	}
	spec, err := put(w, File{Path: name, MediaType: kind, Content: content})
	if err != nil {
		return nil, err
	}
	return spec, w.MakeSpec(spec)
}

func put(w *pack.PackageWriter, f File) (*pack.Part, error) {
	if err := CheckPath(f.Path); err != nil {
		return nil, err
	}
	part, err := w.PutPartFromStream(&url.URL{Path: f.Path}, f.MediaType, bytes.NewReader(f.Content))
	if err != nil {
		return nil, fmt.Errorf("write %s into a package: %w", f.Path, err)
	}
	return part, nil
}
