package figure

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/google/uuid"
)

// A pack (.jwf) is a zip file with all that is needed, beside the public keys of nodes, to see that a figure is what it should be:
// manifest.json says what belongs where, and names everything else by its SHA-256, in the folder blobs. The pack of a part is a blob too.
const (
	packFormat   = "jingwei-figure-pack/2" // version 1 had rows of samples as text
	packFormat1  = "jingwei-figure-pack/1"
	manifestName = "manifest.json"
	blobFolder   = "blobs/"
)

// Bounds of packs. MaxPack is of one that is read from a file or fetched, whatever is packed in it.
const (
	MaxPack      = 256 << 20
	maxManifest  = 32 << 20
	maxPackFiles = 400_000
	maxUnpacked  = 1 << 30 // of one pack; packs in it are read one after the other
	maxNested    = MaxVia + 2
)

// ErrPack says that a file is no pack.
var ErrPack = errors.New("not an evidence pack of a figure")

// manifest says what a pack holds. Hashes are of blobs.
type manifest struct {
	Format      string           `json:"format"`
	Made        int64            `json:"made,string"` // ns
	Node        uuid.UUID        `json:"node"`
	NodeName    string           `json:"nodeName"`
	Keys        []string         `json:"keys"`    // verifiers of the node's log, as it says
	Subject     string           `json:"subject"` // key
	Body        string           `json:"body"`    // Figure, or of an enterprise Row
	Seal        *packSeal        `json:"seal,omitempty"`
	Definitions []packDefinition `json:"definitions"`
	Words       string           `json:"words"` // JSON of indicator.Known
	Population  string           `json:"population,omitempty"`
	Told        bool             `json:"told,omitempty"` // populations are as they are told to others: codes alone
	Parts       []packPart       `json:"parts,omitempty"`
	Ground      *packGround      `json:"ground,omitempty"`
	Omitted     []packOmission   `json:"omitted,omitempty"`
}

// packSeal is where the node's log holds something: a leaf over blinded items, one of which is opened.
type packSeal struct {
	Commit int64  `json:"commit,string"`
	Items  string `json:"items"` // the blinded items, one behind the other
	Place  int    `json:"place"`
	Salt   string `json:"salt"`
	Proof  string `json:"proof"` // evidence.Proof
}

type packDefinition struct {
	ID   string `json:"id"`
	File string `json:"file"`
}

// packPart is a part of a figure.
type packPart struct {
	Part       int            `json:"part"` // its place among the figure's
	Agreement  *packAgreement `json:"agreement,omitempty"`
	Delivered  string         `json:"delivered,omitempty"`  // the account as this node keeps it, a Figure
	Population string         `json:"population,omitempty"` // of the account
	Records    []string       `json:"records,omitempty"`    // as they came
	Told       string         `json:"told,omitempty"`       // the giver's proof of them, a TellProof
	Rows       []packRow      `json:"rows,omitempty"`
	Below      string         `json:"below,omitempty"` // the giver's own pack
	Why        string         `json:"why,omitempty"`   // there is none
}

// packRow is the observation of one enterprise in a figure.
type packRow struct {
	Row       string         `json:"row"`
	Seal      *packSeal      `json:"seal,omitempty"`
	Completed string         `json:"completed,omitempty"` // the observation with what the keeper's registers say
	Agreement *packAgreement `json:"agreement,omitempty"`
	Records   []string       `json:"records,omitempty"`
	Told      string         `json:"told,omitempty"`
	Below     string         `json:"below,omitempty"`
	Why       string         `json:"why,omitempty"`
}

// packAgreement is what both sides have accepted.
type packAgreement struct {
	ID    uuid.UUID `json:"id"`
	Terms string    `json:"terms"`
	Acts  []packAct `json:"acts,omitempty"` // acceptances, as this node's log holds them
	Giver uuid.UUID `json:"giver"`          // its node
	Name  string    `json:"name"`
	Key   string    `json:"key,omitempty"` // verifier of the giver's log, as the agreement has it
}

type packAct struct {
	Payload string `json:"payload"`
	Bundle  string `json:"bundle"`
}

// packGround is what an enterprise's observation rests on.
type packGround struct {
	Transcript string        `json:"transcript"` // JSON of indicator.Transcript
	Facts      []packFact    `json:"facts,omitempty"`
	Samples    []packSamples `json:"samples,omitempty"`
	Meters     []packMeter   `json:"meters,omitempty"`
	Working    []string      `json:"working,omitempty"` // working days of the times that were looked at, as the node's calendar has them
}

type packFact struct {
	ID       uuid.UUID `json:"id"`
	Revision int64     `json:"revision,string"`
	Payload  string    `json:"payload,omitempty"`
	Bundle   string    `json:"bundle,omitempty"`
	Why      string    `json:"why,omitempty"`
}

// packSamples are the samples of a series that were committed on a day, or why they are not there.
type packSamples struct {
	Series  uuid.UUID `json:"series"`
	Day     string    `json:"day"`               // UTC day of commits
	Columns string    `json:"columns,omitempty"` // tuple.Columns
	Bundle  string    `json:"bundle,omitempty"`
	Why     string    `json:"why,omitempty"`

	Machine uuid.UUID `json:"machine,omitzero"` // of version 1, as is
	Rows    string    `json:"rows,omitempty"`
}

// packMeter is what the days of a counter follow from beside its samples.
type packMeter struct {
	Series uuid.UUID `json:"series"`
	From   int64     `json:"from,string"` // as it was asked for
	To     int64     `json:"to,string"`
	Ground string    `json:"ground"` // JSON of Metered
}

type packOmission struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// packWriter puts a pack together. Equal blobs stand in it once.
type packWriter struct {
	m     manifest
	blobs map[string][]byte
	order []string
	size  int64
}

func (w *packWriter) blob(b []byte) string {
	name := Sum(b).String()
	if _, ok := w.blobs[name]; !ok {
		if w.blobs == nil {
			w.blobs = map[string][]byte{}
		}
		w.blobs[name] = b
		w.order = append(w.order, name)
		w.size += int64(len(b))
	}
	return name
}

func (w *packWriter) blobsOf(list [][]byte) (out []string) {
	for _, b := range list {
		out = append(out, w.blob(b))
	}
	return out
}

func (w *packWriter) omit(what, why string) {
	w.m.Omitted = append(w.m.Omitted, packOmission{what, why})
}

// bytes gives the file. Error: it would be larger than those that are read.
func (w *packWriter) bytes() ([]byte, error) {
	if w.size > maxUnpacked || len(w.order) >= maxPackFiles {
		return nil, ErrTooLarge.With("max", MaxPack>>20)
	}
	w.m.Format = packFormat
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	put := func(name string, b []byte, method uint16) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err == nil {
			_, err = f.Write(b)
		}
		return err
	}
	head, err := json.MarshalIndent(w.m, "", " ")
	if err != nil {
		return nil, err
	}
	if err := put(manifestName, head, zip.Deflate); err != nil {
		return nil, err
	}
	for _, name := range w.order {
		method := zip.Deflate
		if b := w.blobs[name]; len(b) < packFrom || bytes.HasPrefix(b, []byte("PK\x03\x04")) {
			method = zip.Store
		}
		if err := put(blobFolder+name, w.blobs[name], method); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	if out.Len() > MaxPack || len(head) > maxManifest {
		return nil, ErrTooLarge.With("max", MaxPack>>20)
	}
	return out.Bytes(), nil
}

// packFile is a pack that is read. Blobs are unpacked when they are asked for.
type packFile struct {
	m     manifest
	blobs map[string]*zip.File
}

// readPack opens a pack and looks at its form. Error: ErrPack.
func readPack(b []byte) (*packFile, error) {
	p := &packFile{blobs: map[string]*zip.File{}}
	if err := p.open(b); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPack, err)
	}
	return p, nil
}

func (p *packFile) open(b []byte) error {
	if len(b) > MaxPack {
		return fmt.Errorf("it has %d bytes, at most %d are read", len(b), MaxPack)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return err
	}
	if len(z.File) > maxPackFiles {
		return fmt.Errorf("it has %d files, at most %d are read", len(z.File), maxPackFiles)
	}
	var head *zip.File
	var size uint64
	for _, f := range z.File {
		name, isBlob := cutPrefix(f.Name, blobFolder)
		if size += f.UncompressedSize64; size > maxUnpacked || f.UncompressedSize64 > maxUnpacked {
			return fmt.Errorf("unpacked it has more than %d bytes", int64(maxUnpacked))
		}
		switch h, err := ParseHash(name); {
		case f.Name == manifestName && head == nil:
			head = f
		case isBlob && err == nil && h != (Hash{}) && p.blobs[name] == nil:
			p.blobs[name] = f
		default:
			return fmt.Errorf("the file %.100q does not belong into a pack", f.Name)
		}
	}
	if head == nil {
		return errors.New("it has no " + manifestName)
	}
	text, err := unzip(head, maxManifest)
	if err != nil {
		return fmt.Errorf("%s: %w", manifestName, err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p.m); err != nil {
		return fmt.Errorf("%s: %w", manifestName, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("%s: something stands behind its end", manifestName)
	}
	if p.m.Format != packFormat && p.m.Format != packFormat1 {
		return fmt.Errorf("its format is %.60q; this program reads %q and %q", p.m.Format, packFormat, packFormat1)
	}
	return nil
}

func cutPrefix(s, prefix string) (string, bool) {
	if len(s) > len(prefix) && s[:len(prefix)] == prefix {
		return s[len(prefix):], true
	}
	return s, false
}

func unzip(f *zip.File, most int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("it has more than %d bytes", most)
	}
	return b, err
}

// blob is the bytes with a hash; what says what they should be. Error: they are not there, or are others.
func (p *packFile) blob(name, what string) ([]byte, error) {
	f := p.blobs[name]
	if f == nil {
		return nil, fmt.Errorf("%s: the pack does not hold %.80q", what, name)
	}
	b, err := unzip(f, maxUnpacked)
	if err != nil {
		return nil, fmt.Errorf("%s: blob %s of the pack: %w", what, name, err)
	}
	if h := Sum(b); h.String() != name {
		return nil, fmt.Errorf("%s: blob %s of the pack was changed somewhere in its %d bytes: they hash to %s", what, name, len(b), h)
	}
	return b, nil
}

func (p *packFile) all(names []string, what string) (out [][]byte, err error) {
	for _, name := range names {
		b, err := p.blob(name, what)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// part is what the pack holds of a part of the figure; nil where it holds nothing.
func (p *packFile) part(at int) *packPart {
	i := slices.IndexFunc(p.m.Parts, func(x packPart) bool { return x.Part == at })
	if i < 0 {
		return nil
	}
	return &p.m.Parts[i]
}
