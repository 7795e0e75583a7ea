package column

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// rowsOfText are lines like those of kept roll-ups: much is the same in all of them.
func rowsOfText(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("1 hour from:%d to:%d received:360 good:%d sum:%v formula:9f86d081884c7d65", 1795219200+i*3600, 1795222800+i*3600, 360-i%3, float64(i*i)/7)
	}
	return out
}

func TestTextsArePacked(t *testing.T) {
	var s Scratch
	for _, v := range [][]string{rowsOfText(200), rowsOfText(6), slices.Repeat([]string{"RUN", strings.Repeat("x", 4000)}, 50)} {
		plain := AppendStrings([]byte("before"), v, &s)
		packed := PackStrings(slices.Clone(plain), 6)
		if !bytes.HasPrefix(packed, []byte("before")) || len(packed)-6 > (len(plain)-6)/2 || packed[6] != stringsZstd {
			t.Fatalf("%d texts: %d bytes packed to %d", len(v), len(plain)-6, len(packed)-6)
		}
		got, err := DecodeStrings(packed[6:], len(v), nil)
		if err != nil || !slices.Equal(got, v) {
			t.Fatal(err)
		}
		if n := len(v); v[0] != "RUN" { // a table's numbers do not tell how many they are
			if _, err := DecodeStrings(packed[6:], n-1, nil); !errors.Is(err, ErrMalformed) {
				t.Errorf("%d rows of %d: %v", n-1, n, err)
			}
		}
		for i := range packed[6:] { // every cut is noticed
			if got, err := DecodeStrings(packed[6:6+i], len(v), nil); err == nil && !slices.Equal(got, v) {
				t.Fatalf("cut at %d reads as something else", i)
			}
		}
	}
	noise := make([]string, 100)
	for i := range noise {
		noise[i] = string(bytes.Repeat([]byte{byte(i * 37), byte(i * 91), byte(i * 13)}, 1)) + fmt.Sprintf("%x", i*2654435761)
	}
	for _, v := range [][]string{{"RUN"}, noise[:3]} {
		plain := AppendStrings(nil, v, &s)
		if packed := PackStrings(slices.Clone(plain), 0); !bytes.Equal(packed, plain) {
			t.Errorf("%q was packed", v)
		}
	}
}

// TestPackedTextsAreReadForEver: what the compressor of another day wrote is read.
func TestPackedTextsAreReadForEver(t *testing.T) {
	var s Scratch
	v := rowsOfText(20)
	const file = "testdata/packed-v1.txt"
	if *update {
		page := PackStrings(AppendStrings(nil, v, &s), 0)
		if err := os.WriteFile(file, []byte(hexLines(page)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	page, err := hex.DecodeString(strings.Join(strings.Fields(string(kept)), ""))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := DecodeStrings(page, len(v), nil); err != nil || !slices.Equal(got, v) {
		t.Errorf("%v", err)
	}
}

// TestPackedPagesAreBounded: no page makes a reader take more memory than it says, nor one packed in another.
func TestPackedPagesAreBounded(t *testing.T) {
	var s Scratch
	page := PackStrings(AppendStrings(nil, rowsOfText(200), &s), 0)
	size, rest, _ := takeUnsigned(page[1:])
	for name, bad := range map[string][]byte{
		"a size that is not the frame's": append([]byte{stringsZstd, 0x80, 0x04}, rest...),
		"a huge size":                    append([]byte{stringsZstd, 0xff, 0xff, 0xff, 0xff, 0x0f}, rest...),
		"no frame":                       append([]byte{stringsZstd, 0x80, 0x04}, make([]byte, 600)...),
		"packed twice":                   PackStrings(append(slices.Clone(page), make([]byte, 4000)...), 0),
	} {
		if _, err := DecodeStrings(bad, 200, nil); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s (of %d bytes): %v", name, size, err)
		}
	}
}
