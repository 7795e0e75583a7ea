package shared

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/store/storetest"
)

// BenchmarkDatasync: what it costs to make a file durable, on the disk of this computer and in a cluster. The records are in
// PostgreSQL (without fsync here: a real one adds its own, and that of its standby).
//
//   - Block: a file of 8 MB that is written once; Manifest: 4 KB by WriteAtomic; Append: 4 KB more of a file that grows
//     to 4 MiB and is then begun anew, as the journal of the evidence log.
func BenchmarkDatasync(b *testing.B) {
	b.Run("disk", func(b *testing.B) { benchFS(b, file.OS(), b.TempDir(), nil) })
	for _, servers := range []int{1, 3} {
		for _, chunk := range []int{128 << 10, 1 << 20, 4 << 20} {
			b.Run(fmt.Sprintf("servers=%d/message=%dK", servers, chunk>>10), func(b *testing.B) {
				c := newCell(b, storetest.Postgres(b), servers)
				c.o.chunk = chunk
				f := c.open()
				benchFS(b, f, "/", f)
			})
		}
	}
}

func benchFS(b *testing.B, f file.FS, dir string, s *FS) {
	data := make([]byte, 8<<20)
	rng := rand.NewChaCha8([32]byte{1})
	_, _ = rng.Read(data)
	run := func(name string, bytes int64, do func(i int)) {
		b.Run(name, func(b *testing.B) {
			var before Stats
			if s != nil {
				before = s.Stats()
			}
			b.SetBytes(bytes)
			i := 0
			for b.Loop() {
				do(i)
				i++
			}
			if s != nil {
				b.ReportMetric(float64(s.Stats().UploadedBytes-before.UploadedBytes)/float64(i)/1024, "KiB-up/op")
			}
		})
	}
	run("Block", 8<<20, func(i int) {
		name := filepath.Join(dir, "block")
		w, err := f.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
		must(b, err)
		if _, err := w.WriteAt(data, 0); err != nil {
			b.Fatal(err)
		}
		must(b, w.Datasync())
		must(b, w.Close())
	})
	run("Manifest", 4096, func(i int) {
		must(b, file.WriteAtomic(f, filepath.Join(dir, "manifest"), data[i%1000*4096:][:4096], 0o600))
	})
	var w file.File
	var off int64
	run("Append", 4096, func(i int) {
		var err error
		if w == nil || off >= 4<<20 {
			if w != nil {
				must(b, w.Close())
			}
			w, err = f.OpenFile(filepath.Join(dir, "journal"), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
			must(b, err)
			must(b, w.Allocate(0, 1<<20))
			off = 0
		}
		if _, err := w.WriteAt(data[i%1000*4096:][:4096], off); err != nil {
			b.Fatal(err)
		}
		must(b, w.Datasync())
		off += 4096
	})
	if w != nil {
		must(b, w.Close())
	}
}
