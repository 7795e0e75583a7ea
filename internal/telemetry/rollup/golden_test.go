package rollup

import (
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"jingwei/internal/telemetry"
)

var update = flag.Bool("update", false, "write the golden file anew")

// TestGoldenCorpus makes rows from seeds and compares their hashes with those in testdata/rollup.golden, which freezes the
// definitions, the words and the pages: they change only with Definitions, WordsVersion and PagesVersion. Every platform
// must come to the same bytes; the file says how to run it on another.
func TestGoldenCorpus(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Roll-up rows of trials (generate_test.go): kind, seed, minute rows, and the SHA-256 of the words of all minute rows,\n" +
		"# of the rows of quarters of an hour and of the whole span composed of them, and of the page of the minute rows.\n" +
		"# On another platform: GOARCH=arm64 go test -c -o rollup.test ./internal/telemetry/rollup; then, in that folder,\n" +
		"# qemu-aarch64 rollup.test -test.run Golden\n")
	var f Fold
	for _, kind := range kinds {
		for seed := range uint64(16) {
			x := newTrial(seed+5000, kind)
			rows, err := x.fold(&f, seed)
			if err != nil {
				t.Fatal(err)
			}
			h := sha256.New()
			put := func(r *Row) {
				for _, w := range AppendRow(nil, r) {
					h.Write(binary.LittleEndian.AppendUint64(nil, w))
				}
			}
			for i := range rows {
				put(&rows[i])
			}
			for _, width := range []int64{15 * Minute, x.span.To - x.span.From} {
				for at := x.span.From; at < x.span.To; at += width {
					if in := between(rows, at, at+width); len(in) > 0 {
						r, err := Compose(at, at+width, in)
						if err != nil {
							t.Fatal(err)
						}
						put(&r)
					}
				}
			}
			page, err := Encode(rows)
			if err != nil {
				t.Fatal(err)
			}
			h.Write(page)
			fmt.Fprintf(&b, "%s\t%d\t%d\t%x\n", kind, seed, len(rows), h.Sum(nil))
		}
	}
	path := filepath.Join("testdata", "rollup.golden")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, lines := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(got), len(lines)) {
		if i >= len(got) || i >= len(lines) || got[i] != lines[i] {
			t.Fatalf("line %d differs: %q, want %q", i+1, at(got, i), at(lines, i))
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "nothing"
}

// TestGoldenRow pins one row word by word.
func TestGoldenRow(t *testing.T) {
	r := Row{From: Minute, To: 2 * Minute, Type: telemetry.String, Flags: HasStates, Received: 4, Good: 2, Uncertain: 1, Bad: 1, Covered: 70,
		FirstText: "off", LastText: "waiting for", FirstTime: Minute + 3, LastTime: Minute + 5, Input: 99,
		States: []State{{Text: "off", Count: 1, Duration: 2}, {Text: "waiting for", Count: 1, Duration: 68}}}
	want := []uint64{0x02010401, 60e9, 120e9, 4, 2, 1, 1, 70, 0, 0, 60e9 + 3, 60e9 + 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 99,
		3, 0x66666f, 1, 2, 11, 0x20676e6974696177, 0x726f66, 1, 68, 3, 0x66666f, 11, 0x20676e6974696177, 0x726f66}
	got := AppendRow(nil, &r)
	if fmt.Sprintf("%x", got) != fmt.Sprintf("%x", want) {
		t.Errorf("the words are\n%x, want\n%x", got, want)
	}
	back, rest, err := DecodeRow(append(got, 7))
	if err != nil || !sameRow(&back, &r) || len(rest) != 1 {
		t.Errorf("they come back as %+v, %d words left (%v)", back, len(rest), err)
	}
	for i := range got { // no other words are the row
		for _, bit := range []int{0, 7, 33, 63} {
			got[i] ^= 1 << bit
			if other, _, err := DecodeRow(got); err == nil && sameRow(&other, &r) {
				t.Errorf("word %d, bit %d: read as the same row", i, bit)
			}
			got[i] ^= 1 << bit
		}
		if _, _, err := DecodeRow(got[:i]); err == nil {
			t.Errorf("%d words of %d are taken for a row", i, len(got))
		}
	}
}
