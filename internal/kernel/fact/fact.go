package fact

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

// Document is a file that belongs to a revision.
type Document struct {
	ID    blob.ID `json:"id" doc:"sha256: and 64 hex digits"`
	Name  string  `json:"name"`
	Media string  `json:"media" doc:"Found out from the file's content"`
	Size  int64   `json:"size,string"`
}

// Fact is one revision of a fact, as it was committed.
type Fact struct {
	ID          uuid.UUID // of the fact
	Revision    int64     // from 1
	RevisionID  uuid.UUID
	Org         uuid.UUID // whose fact it is
	Kind        string
	KindVersion string
	Source      string // where it comes from: a system, an office, a person's declaration
	External    string // its id there
	Record      field.Record
	Documents   []Document
	Grade       Grade
	Evidence    Evidence
	Since       int64 // when it holds in the world: [Since, Until), nanoseconds
	Until       int64
	Withdrawn   bool
	By          audit.Actor
	Reason      string // of a further revision
	Commit      uint64
	At          int64  // commit time
	Superseded  uint64 // commit of the next revision; math.MaxInt64 for the newest

	content, documents, evidence, actor string // as they were written
	digest                              string
}

// Bounds.
const (
	maxSource   = 100
	maxExternal = 200
	maxDocs     = 50
)

var sourceForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,99}$`)

// Key says which fact is meant, by what its source calls it.
type Key struct {
	Source   string
	External string
}

func (k Key) check(at string) []*problem.Error {
	var bad []*problem.Error
	if !sourceForm.MatchString(k.Source) {
		bad = append(bad, ErrSource.At(at+"source", k.Source))
	}
	if n := utf8.RuneCountInString(k.External); n == 0 || n > maxExternal || !utf8.ValidString(k.External) || strings.TrimSpace(k.External) != k.External ||
		strings.ContainsFunc(k.External, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		bad = append(bad, ErrExternal.At(at+"externalId", k.External).With("max", maxExternal))
	}
	return bad
}

func checkReason(reason string) *problem.Error {
	if n := utf8.RuneCountInString(strings.TrimSpace(reason)); n < minReason || n > maxReason {
		return ErrReason.At("body.reason", reason).With("min", minReason).With("max", maxReason)
	}
	return nil
}

// span works out when a record of a kind holds. A fact that happened on a day holds for that day, one that happened at an instant
// for a nanosecond.
func (k *Kind) span(r field.Record) (since, until int64, wrong *problem.Error) {
	from := k.Fields.Field(k.Valid.From)
	since, _ = from.Instant(r[from.Key])
	until = since + 1
	if from.Type == field.Date {
		until = since + int64(24*time.Hour)
	}
	if k.Valid.Lasting {
		until = store.Forever
	}
	if k.Valid.To == "" {
		return since, until, nil
	}
	to := k.Fields.Field(k.Valid.To)
	at, ok := to.Instant(r[to.Key])
	if !ok {
		return since, until, nil
	}
	if until = at; to.Type == field.Date { // its last day
		until += int64(24 * time.Hour)
	}
	if until <= since {
		return 0, 0, ErrSpan.At("body.content."+to.Key, r[to.Key]).With("from", r[from.Key])
	}
	return since, until, nil
}

// write fills in the canonical words of a revision.
func (f *Fact) write() error {
	words := func(v any) (string, error) {
		b, err := json.Marshal(v)
		return string(b), err
	}
	var err error
	if f.Documents == nil {
		f.Documents = []Document{}
	}
	f.content = string(f.Record.Encode())
	if f.documents, err = words(f.Documents); err != nil {
		return err
	}
	if f.evidence, err = words(f.Evidence); err != nil {
		return err
	}
	if f.actor, err = words(f.By); err != nil {
		return err
	}
	f.digest = f.sum()
	return nil
}

// sum is by what two revisions are told to say the same: content, documents, grade and evidence.
func (f *Fact) sum() string {
	h := sha256.New()
	for _, s := range []string{f.content, f.documents, f.Grade.String(), f.evidence} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}
