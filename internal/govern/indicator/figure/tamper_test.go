package figure

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/proof"
)

// seen is what an auditor learns of a figure of a node: the words of the refusal, or those of the verification.
func (w *ladder) seen(n *treeNode) (grade, words string) {
	b, err := w.pack(n, GradeRecomputed)
	if err != nil {
		words = err.Error()
		if p, ok := problem.From(err); ok {
			words = fmt.Sprint(p.Kind().Code(), " ", p.Attributes()["what"])
		} else if errors.Is(err, auth.ErrNotFound) {
			words = "not found"
		}
		return Wrong, words
	}
	v, err := VerifyPack(b, w.trusted()...)
	if err != nil {
		return Wrong, err.Error()
	}
	return v.Grade, v.String()
}

// flip changes one bit of one byte at random.
func flip(r *rand.Rand, b []byte) []byte {
	out := slices.Clone(b)
	out[r.IntN(len(out))] ^= 1 << r.IntN(8)
	return out
}

// Each row of this table is a place where a node keeps something. Whatever byte of it is changed behind the program's back, proving the
// figure ends, and the words name what is wrong.
func TestWhateverIsChangedInANodeIsNamed(t *testing.T) {
	w, all := newProvable(t)
	r := rand.New(rand.NewPCG(7, 7))
	city, province := w.city, w.province
	own := "id = '" + w.key(city).ID().String() + "' AND superseded > 4000000000000000000"
	came := w.key(city)
	came.Keeper = w.upward
	delivered := "id = '" + came.ID().String() + "' AND superseded > 4000000000000000000"
	f := proof.Must(w.explain[city].s.store.Figure(t.Context(), city.db, w.key(city).ID(), Now))
	column := w.key(city).Column(Local).id().String()
	given := w.key(city).Column(Remote).id().String()
	at := fmt.Sprint("at = ", f.Commit)
	for _, c := range []struct {
		node           *treeNode
		table, where   string
		columns, named []string
	}{
		{city, "figure", own, []string{"account", "parts", "definition", "population", "hash", "keeper", "indicator", "filter", "kind", "label", "watermark", "at", "revision"}, []string{"rate/", w.key(city).Keeper.String(), "figure", "commit"}},
		{province, "figure", delivered, []string{"account", "parts", "definition", "population", "hash", "watermark"}, []string{"rate/2025", w.upward.String()}},
		{city, "figure_column", "id = '" + column + "'", []string{"body", "hash"}, []string{"the column"}},
		{city, "figure_column", "id = '" + given + "'", []string{"body", "hash"}, []string{"the column"}},
		{city, "figure_population", "hash = '" + f.Population.String() + "'", []string{"body"}, []string{"population"}},
		{city, "figure_batch", at, []string{"items", "secret", "place"}, []string{"commit", "entry"}},
	} {
		for _, col := range c.columns {
			for range 6 {
				undo := w.change(r, c.node, c.table, col, c.where)
				if grade, words := w.seen(c.node); grade != Wrong || !slices.ContainsFunc(c.named, func(s string) bool { return strings.Contains(words, s) }) {
					t.Errorf("%s.%s of the figure was changed: %s %.600s", c.table, col, grade, words)
				}
				undo()
			}
		}
	}
	// What came over links, as the taker keeps it.
	for id, s := range w.streams {
		node := map[bool]*treeNode{true: province, false: city}[id == w.upward]
		for i, record := range s.records {
			x, _ := DecodeRecord(record)
			about := ""
			switch v := x.(type) {
			case *TellAccount:
				about = v.Key.Name()
			case *TellObservation:
				about = v.Key.Name()
			}
			if !strings.HasPrefix(about, "rate/2025") || strings.HasPrefix(about, "rate/2025-") {
				continue
			}
			newest := i
			for j := range s.records[i+1:] {
				if y, _ := DecodeRecord(s.records[i+1+j]); sameName(x, y) {
					newest = i + 1 + j
				}
			}
			if newest != i {
				continue // a later one has taken its place
			}
			for range 6 {
				s.records[i] = flip(r, record)
				if grade, words := w.seen(node); grade == Recomputed || grade == Proved || !strings.Contains(words, "record") {
					t.Errorf("record %d of %s was changed: %s %.600s", i, id, grade, words)
				}
				s.records[i] = record
			}
		}
	}
	// The terms of an agreement.
	for i := range w.agreed {
		old := w.agreed[i]
		_, _ = all[w.at(old.Taker.Node)].Accepted(t.Context(), &old) // before it was changed
		w.agreed[i].Purpose += "x"
		if grade, words := w.seen(w.at(old.Taker.Node)); grade != Wrong || !strings.Contains(words, old.ID.String()) {
			t.Errorf("the terms of %s were changed: %s %.600s", old.ID, grade, words)
		}
		w.agreed[i] = old
	}
	// A fact, as its room keeps it and as the log's record has it.
	said := all[city].said[w.firms[0].Org]
	keep := said[0]
	for _, change := range []func(){
		func() {
			said[0].Record = field.Record{"item": "a", "begins": "2025-01-01", "ends": "2025-12-31", "value": "11", "unit": "1"}
		},
		func() { said[0].Grade = fact.Measured },
		func() { said[0].proven.Payload = flip(r, keep.proven.Payload) },
		func() { said[0].proven.Bundle = flip(r, keep.proven.Bundle) },
	} {
		change()
		if grade, words := w.seen(city); grade == Recomputed || grade == Proved && said[0].Grade == keep.Grade || !strings.Contains(words, keep.ID.String()) && !strings.Contains(words, "observation "+rateOf.Of(w.firms[0].Code).Name()) {
			t.Errorf("a fact was changed: %s %.900s", grade, words)
		}
		said[0] = keep
	}
	if grade, words := w.seen(city); grade != Recomputed {
		t.Errorf("afterwards: %s %s", grade, words)
	}
}

func sameName(x, y Record) bool {
	switch v := x.(type) {
	case *TellAccount:
		o, ok := y.(*TellAccount)
		return ok && o.Key == v.Key
	case *TellObservation:
		o, ok := y.(*TellObservation)
		return ok && o.Key == v.Key
	}
	return false
}

// change flips a bit of a column of one row, and gives what undoes it.
func (w *ladder) change(r *rand.Rand, n *treeNode, table, column, where string) (undo func()) {
	w.t.Helper()
	ctx := w.t.Context()
	var old any
	if err := n.db.NewRaw("SELECT "+column+" FROM "+table+" WHERE "+where+" LIMIT 1").Scan(ctx, &old); err != nil {
		w.t.Fatalf("%s.%s where %s: %v", table, column, where, err)
	}
	var now any
	switch v := old.(type) {
	case []byte:
		now = flip(r, v)
	case string:
		b := []byte(v)
		i := r.IntN(len(b))
		if b[i]++; b[i] > '~' {
			b[i] = '0'
		}
		now = string(b)
	case int64:
		now = v ^ 1<<r.IntN(3)
	default:
		w.t.Fatalf("%s.%s holds %T", table, column, old)
	}
	set := func(v any, where string) {
		if _, err := n.db.NewRaw("UPDATE "+table+" SET "+column+" = ? WHERE "+where, v).Exec(ctx); err != nil {
			w.t.Fatal(err)
		}
	}
	rest := where
	switch column { // what the row is found by
	case "hash":
		if table == "figure_population" {
			rest = fmt.Sprintf("hash = '%s'", now)
		}
	case "at":
		rest = strings.ReplaceAll(where, fmt.Sprint(old), fmt.Sprint(now))
	}
	set(now, where)
	return func() { set(old, rest) }
}

// A log's files: whatever byte of a tile or a bundle of entries is changed, either what is read is not touched, or the file is named.
func TestAChangedTileIsNamed(t *testing.T) {
	w, all := newProvable(t)
	r := rand.New(rand.NewPCG(8, 8))
	dir := all[w.city].dir
	for range 600 { // so that what is proved lies in full tiles
		proof.Must(all[w.city].log.Append(t.Context(), [][]byte{[]byte("something else")}))
	}
	proof.Must(all[w.city].log.Publish(t.Context()))
	named := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, "tile") {
			return err
		}
		old := proof.Must(os.ReadFile(path))
		for range 8 {
			if err := os.WriteFile(path, flip(r, old), 0o600); err != nil {
				return err
			}
			switch grade, words := w.seen(w.city); {
			case grade == Recomputed: // it was not read
			case grade == Wrong && strings.Contains(words, "tile"):
				named++
			case strings.Contains(words, "tile"):
				named++
			default:
				t.Errorf("%s was changed: %s %.600s", path, grade, words)
			}
		}
		return os.WriteFile(path, old, 0o600)
	})
	if err != nil || named == 0 {
		t.Errorf("%d changes were named, %v", named, err)
	}
}

// repack writes a pack again with something changed.
func repack(t testing.TB, b []byte, change func(name string, b []byte) (string, []byte)) []byte {
	t.Helper()
	in := proof.Must(zip.NewReader(bytes.NewReader(b), int64(len(b))))
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range in.File {
		name, data := change(f.Name, proof.Must(unzip(f, 1<<30)))
		if name != "" {
			_, _ = proof.Must(z.Create(name)).Write(data)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Of a pack: a changed byte of any file, a blob that is missing, and one that a forger has put in its place under its own hash.
func TestWhateverIsChangedInAPackIsNamed(t *testing.T) {
	w, _ := newProvable(t)
	r := rand.New(rand.NewPCG(9, 9))
	good := proof.Must(w.pack(w.city, GradeRecomputed))
	p := proof.Must(readPack(good))
	says := proof.Must(VerifyPack(good, w.trusted()...)).String() // bytes that mean nothing may change: times in a zip file, blanks, a signature by another key
	for blob := range p.blobs {
		for range 3 {
			v, err := VerifyPack(repack(t, good, func(name string, b []byte) (string, []byte) {
				if name == blobFolder+blob {
					b = flip(r, b)
				}
				return name, b
			}), w.trusted()...)
			if err != nil || v.Grade != Wrong || !strings.Contains(v.String(), blob) {
				t.Errorf("blob %s was changed: %v %v", blob, err, v)
			}
		}
		v, err := VerifyPack(repack(t, good, func(name string, b []byte) (string, []byte) {
			if name == blobFolder+blob {
				return "", nil
			}
			return name, b
		}), w.trusted()...)
		if err != nil || v.Grade != Wrong || !strings.Contains(v.String(), blob) {
			t.Errorf("blob %s is missing: %v %v", blob, err, v)
		}
		forged := flip(r, proof.Must(p.blob(blob, "")))
		v, err = VerifyPack(repack(t, good, func(name string, b []byte) (string, []byte) {
			switch name {
			case blobFolder + blob:
				return blobFolder + Sum(forged).String(), forged
			case manifestName:
				b = bytes.ReplaceAll(b, []byte(blob), []byte(Sum(forged).String()))
			}
			return name, b
		}), w.trusted()...)
		if err != nil || v.Grade == Recomputed && v.String() != says {
			t.Errorf("blob %s was forged: %v %v", blob, err, v)
		}
	}
	for range 300 { // any byte of the file
		if v, err := VerifyPack(flip(r, good), w.trusted()...); err == nil && v.Grade == Recomputed && v.String() != says {
			t.Errorf("a changed file is %v", v)
		}
	}
}

// The packs of testdata were written once, and stay readable.
func TestPacksOfEarlierProgramsAreRead(t *testing.T) {
	for name, shown := range map[string]string{"city.jwf": "mean 48.0 % (3 of 4)", "enterprise.jwf": "100 * 10 / 20 = 50"} {
		v := proof.Must(VerifyPack(proof.Must(os.ReadFile("testdata/" + name))))
		if v.Grade != Recomputed || !strings.HasPrefix(v.Shown, shown) {
			t.Errorf("%s: %s %v", name, v.Shown, v)
		}
	}
}

func FuzzPack(f *testing.F) {
	good := proof.Must(os.ReadFile("testdata/enterprise.jwf"))
	f.Add(good)
	f.Add(proof.Must(os.ReadFile("testdata/city.jwf")))
	f.Add(repack(f, good, func(name string, b []byte) (string, []byte) {
		if name == manifestName {
			var m manifest
			_ = json.Unmarshal(b, &m)
			m.Seal.Place, m.Definitions = 1<<40, append(m.Definitions, m.Definitions...)
			b = proof.Must(json.Marshal(m))
		}
		return name, b
	}))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := VerifyPack(b)
		if err == nil && v.Grade != Wrong && v.figure == nil && v.row == nil {
			t.Error("something was proved of nothing")
		}
	})
}
