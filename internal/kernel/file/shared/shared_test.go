package shared

import (
	"testing"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/filetest"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// TestIsAFileSystem runs what every file.FS must do. Every crash is followed by a life on another machine.
func TestIsAFileSystem(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		place := func(t *testing.T) filetest.Place {
			c := newCell(t, db, 1)
			f := c.open()
			must(t, file.MakeDir(f, "/data", 0o700))
			t.Cleanup(func() {
				if f.usable() == nil {
					wantOnlyLive(t, f)
				}
			})
			return filetest.Place{FS: f, Dir: "/data", Crash: func() file.FS {
				crash(f)
				c.elsewhere()
				f = c.open()
				return f
			}}
		}
		filetest.Run(t, place)
		filetest.RunCrashes(t, place)
	})
}
