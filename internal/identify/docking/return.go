package docking

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
)

// Bounds of one return. What is larger is handed in as several parts.
const (
	MaxRows  = 100_000
	MaxBytes = 48 << 20
	MaxParts = 1000
)

// Head says what a return is.
type Head struct {
	ID       uuid.UUID `json:"id"`
	Guide    string    `json:"guide"`   // id of the pack
	Version  string    `json:"version"` // of the pack
	Table    string    `json:"table"`
	Prefix   string    `json:"prefix"` // of the node that hands it in
	Period   Period    `json:"period,omitempty"`
	Revision int64     `json:"revision"` // from 1; a greater one takes the place of those before
	Part     int       `json:"part"`     // from 1
	Parts    int       `json:"parts"`
	Made     time.Time `json:"made"`
	Rows     int       `json:"rows"`
	SHA256   string    `json:"sha256"` // of the rows as they stand in the document, hex
}

// The document of a return: a signed note (C2SP signed-note) whose text is the format's name and the head as a line of JSON, then a
// line "rows", then each row as a line of JSON.
const (
	returnFormat = "jingwei-docking/1"
	rowsLine     = "\nrows\n"
)

// Write makes the document of a return and completes its head. The rows are canonical (field.Schema.Read).
func Write(h *Head, rows []field.Record, signers ...evidence.Signer) ([]byte, error) {
	body, sum := encodeRows(rows)
	if len(rows) > MaxRows || len(body) > MaxBytes {
		return nil, fmt.Errorf("a return of %d rows and %d bytes; at most %d and %d go into one part", len(rows), len(body), MaxRows, MaxBytes)
	}
	h.Rows, h.SHA256, h.Made = len(rows), sum, h.Made.UTC().Truncate(time.Second)
	head, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	by := make([]note.Signer, len(signers))
	for i, s := range signers {
		by[i] = s
	}
	signed, err := note.Sign(&note.Note{Text: returnFormat + "\n" + string(head) + "\n"}, by...)
	if err != nil {
		return nil, fmt.Errorf("sign a return: %w", err)
	}
	return append(append(signed, rowsLine[1:]...), body...), nil
}

// encodeRows are rows as they stand in a document, and their SHA-256 in hex.
func encodeRows(rows []field.Record) (body []byte, sum string) {
	for _, r := range rows {
		body = append(append(body, r.Encode()...), '\n')
	}
	h := sha256.Sum256(body)
	return body, hex.EncodeToString(h[:])
}

// ErrSigned says that a document is not signed by its node.
var ErrSigned = errors.New("the signature is not that of the node")

// DocumentError says why a document is no return at all. What is wrong with rows is in Faults.
type DocumentError struct{ Why text.Text }

func (e *DocumentError) Error() string { return "this is no return: " + e.Why.En }

func noReturn(zh, en string, args ...any) error {
	return &DocumentError{text.Text{Zh: fmt.Sprintf(zh, args...), En: fmt.Sprintf(en, args...)}}
}

// ReadHead reads the head of a document, without looking at signatures or rows. Error: *DocumentError.
func ReadHead(document []byte) (Head, error) {
	h, _, _, err := split(document)
	return h, err
}

func split(document []byte) (h Head, signed, rows []byte, err error) {
	no := func(zh, en string, args ...any) (Head, []byte, []byte, error) {
		return Head{}, nil, nil, noReturn(zh, en, args...)
	}
	if len(document) > MaxBytes+64<<10 {
		return no("共 %d 字节，最多接收 %d", "it has %d bytes, at most %d are taken", len(document), MaxBytes)
	}
	at := bytes.Index(document, []byte(rowsLine))
	if at < 0 {
		return no("缺少 rows 行", "it has no line rows")
	}
	signed, rows = document[:at+1], document[at+len(rowsLine):]
	first, rest, ok := strings.Cut(string(signed), "\n")
	line, _, whole := strings.Cut(rest, "\n")
	if !ok || !whole || first != returnFormat {
		return no("开头不是 "+returnFormat, "it does not begin with "+returnFormat)
	}
	d := json.NewDecoder(strings.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil {
		return no("报送头无法读取", "its head cannot be read")
	}
	if _, err := d.Token(); err != io.EOF {
		return no("报送头之后有多余内容", "something stands behind its head")
	}
	switch {
	case h.ID == uuid.Nil, h.Revision < 1, h.Parts < 1, h.Parts > MaxParts, h.Part < 1, h.Part > h.Parts, h.Rows < 0, h.Rows > MaxRows:
		return no("报送头中的编号、版本、部分或行数不合理", "id, revision, part or number of rows in its head cannot be")
	}
	return h, signed, rows, nil
}

// RowFault is one thing wrong with a row.
type RowFault struct {
	Row   int       `json:"row" doc:"From 1; 0 for the whole"`
	Field string    `json:"field"`
	Value string    `json:"value"`
	Text  text.Text `json:"text"`
	Mend  text.Text `json:"mend"`
}

// maxFaults bounds how many faults are told; the rest is counted.
const maxFaults = 100

// Faults are what is wrong with the rows of a return.
type Faults struct {
	List []RowFault
	More int // that are not listed
}

func (f *Faults) add(x RowFault) {
	if len(f.List) < maxFaults {
		f.List = append(f.List, x)
	} else {
		f.More++
	}
}

// Open checks who signed a document and its rows. Every row's prefix must be the node's or derived from it, and no two rows of a part
// have the same key. Errors: *DocumentError, ErrSigned. What is wrong with rows is in the faults, and the rows are nil then.
func Open(document []byte, t *Table, prefix string, keys ...evidence.Verifier) (Head, []field.Record, *Faults, error) {
	h, signed, body, err := split(document)
	if err != nil {
		return h, nil, nil, err
	}
	known := make([]note.Verifier, len(keys))
	for i, k := range keys {
		known[i] = k
	}
	n, err := note.Open(signed, note.VerifierList(known...))
	if err != nil {
		return h, nil, nil, fmt.Errorf("%w: %w", ErrSigned, err)
	}
	if len(n.Sigs) < len(known) {
		return h, nil, nil, fmt.Errorf("%w: %d of its %d keys have signed", ErrSigned, len(n.Sigs), len(known))
	}
	if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != h.SHA256 {
		return h, nil, nil, noReturn("各行与签名时不同", "its rows are not those that were signed")
	}
	rows, faults := readRows(body, t, prefix)
	if len(rows)+faults.lost != h.Rows {
		return h, nil, nil, noReturn("实有 %d 行，报送头写的是 %d 行", "it has %d rows, its head says %d", len(rows)+faults.lost, h.Rows)
	}
	if len(faults.List) > 0 {
		return h, nil, &faults.Faults, nil
	}
	return h, rows, nil, nil
}

// found are the faults of rows, and how many rows have any.
type found struct {
	Faults
	lost int
}

func readRows(body []byte, t *Table, prefix string) (rows []field.Record, f found) {
	seen := map[string]int{}
	for n := 1; len(body) > 0; n++ {
		line, rest, _ := bytes.Cut(body, []byte{'\n'})
		body = rest
		r, wrong := t.Fields.Read(line)
		for _, w := range wrong {
			f.add(RowFault{n, w.Path, w.Value, w.Text, w.Mend})
		}
		if own, ok := r["prefix"].(string); ok && !under(own, prefix) {
			wrong = append(wrong, nil)
			f.add(RowFault{n, "prefix", own, text.Text{Zh: "不在 " + prefix + " 之下", En: "is not below " + prefix}, text.Text{Zh: "只报送本节点及其企业节点的数据", En: "Hand in what is of this node and its enterprises"}})
		}
		if len(wrong) > 0 {
			f.lost++
			continue
		}
		key := t.KeyOf(r)
		if first, twice := seen[key]; twice {
			f.lost++
			f.add(RowFault{n, strings.Join(t.Key, ", "), key, text.Text{Zh: fmt.Sprintf("与第 %d 行相同", first), En: fmt.Sprintf("is that of row %d too", first)}, text.Text{Zh: "删去其中一行", En: "Leave one of them out"}})
			continue
		}
		seen[key] = n
		rows = append(rows, r)
	}
	return rows, f
}

// under reports whether a prefix is another, or derived from it.
func under(prefix, of string) bool {
	return strings.EqualFold(prefix, of) || len(prefix) > len(of) && strings.EqualFold(prefix[:len(of)], of) && prefix[len(of)] == '.'
}

// KeyOf tells a row from the others of its table.
func (t *Table) KeyOf(r field.Record) string {
	parts := make([]string, len(t.Key))
	for i, key := range t.Key {
		parts[i] = fmt.Sprint(r[key])
	}
	return strings.Join(parts, " · ")
}
