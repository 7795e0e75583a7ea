package shared

import (
	"bytes"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestPlanKeepsContent: whatever is written, cut off and synced, the pieces put together are the file.
func TestPlanKeepsContent(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		limit := []int64{50, 5_000, 400_000}[seed%3]
		var file []byte // what the local copy holds
		var base []piece
		var dirty []span
		stored := map[string][]byte{}
		for step := range 120 {
			switch rng.IntN(6) {
			case 0, 1, 2:
				off := rng.Int64N(limit)
				n := 1 + rng.Int64N(1+limit/int64(1+rng.IntN(40)))
				if end := off + n; end > int64(len(file)) {
					file = append(file, make([]byte, end-int64(len(file)))...)
				}
				for i := off; i < off+n; i++ {
					file[i] = byte(rng.Uint32())
				}
				dirty = mark(dirty, span{off, off + n})
			case 3:
				size := rng.Int64N(limit)
				if size > int64(len(file)) {
					file = append(file, make([]byte, size-int64(len(file)))...)
				}
				file = file[:size]
				file = append([]byte(nil), file...)
				base, dirty = cut(base, dirty, size)
			default:
				keep, upload := plan(base, dirty)
				if len(keep)+len(upload) > maxPieces || len(upload) > maxSpans {
					t.Fatalf("%d pieces, %d uploads", len(keep), len(upload))
				}
				for i, u := range upload {
					name := fmt.Sprintf("o%d-%d", step, i)
					stored[name] = bytes.Clone(file[u.from:u.to])
					keep = append(keep, piece{At: u.from, Len: u.len(), Bytes: u.len(), Object: name, Chunks: "c", Sum: strings.Repeat("0", 64)})
				}
				base, dirty = keep, nil
				decoded, err := decodePieces(encodePieces(base), int64(len(file)))
				if err != nil {
					t.Fatal(err)
				}
				is := make([]byte, len(file))
				for _, p := range decoded {
					copy(is[p.At:], stored[p.Object][:p.Len])
				}
				if !bytes.Equal(is, file) {
					t.Fatalf("seed %d, step %d: the pieces are not the file", seed, step)
				}
			}
		}
	}
}

// TestAppendsMakeFewPieces: n equal appends are about log2(n) pieces, and each byte is uploaded about log2(n)/2 times.
func TestAppendsMakeFewPieces(t *testing.T) {
	var base []piece
	var up int64
	const page, n = 4096, 1024
	for i := range int64(n) {
		keep, upload := plan(base, []span{{i * page, (i + 1) * page}})
		for _, u := range upload {
			up += u.len()
			keep = append(keep, piece{At: u.from, Len: u.len(), Bytes: u.len(), Object: fmt.Sprint(i)})
		}
		if base = keep; len(base) > bits.Len(n) {
			t.Fatalf("%d pieces after %d appends", len(base), i+1)
		}
	}
	if len(base) != 1 || up != page*n*(10+2)/2 {
		t.Errorf("%d pieces, %d bytes uploaded for %d", len(base), up, page*n)
	}
}

func FuzzDecodePieces(f *testing.F) {
	good := encodePieces([]piece{{At: 5, Len: 3, Bytes: 4, Object: "a-b", Chunks: "C9", Sum: strings.Repeat("0a", 32)}})
	for _, s := range []string{good, "[]", "null", "{}", strings.Replace(good, "3", "-3", 1), strings.Replace(good, "a-b", "../x", 1), strings.Replace(good, "5", "9223372036854775807", 1)} {
		f.Add(s, int64(8))
	}
	f.Fuzz(func(t *testing.T, s string, size int64) {
		pieces, err := decodePieces(s, size)
		if err != nil {
			return
		}
		for _, p := range pieces {
			if p.At < 0 || p.Len <= 0 || p.At+p.Len > size || strings.ContainsAny(p.Object+p.Chunks, "/.*> ") {
				t.Fatalf("%+v was taken for a file of %d bytes", p, size)
			}
		}
	})
}
