package backup

import (
	"context"
	"io"
	"testing"
)

func TestSmallRunComesBackAsItWas(t *testing.T) {
	r, err := Run(context.Background(), Options{Bytes: 200_000, Rate: 20_000, Seed: 1, Dir: t.TempDir()}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Met() || len(r.Goals) != 2 {
		t.Errorf("%+v", r.Goals)
	}
	for _, name := range []string{"backupSeconds", "incrementalSeconds", "verifySeconds", "restoreSeconds", "backupMBps", "restoreMBps"} {
		if v, ok := r.Figures[name].(float64); !ok || v <= 0 {
			t.Errorf("%s is %v", name, r.Figures[name])
		}
	}
	if written, all := r.Figures["incrementalWrittenBytes"].(int64), r.Figures["incrementalBytes"].(int64); written >= all {
		t.Errorf("the second run wrote %d of %d bytes", written, all)
	}
}
