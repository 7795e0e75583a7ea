package trace

import (
	"io"
	"testing"
)

// TestEveryDescendantIsFound on a small world; times are not judged here.
func TestEveryDescendantIsFound(t *testing.T) {
	if testing.Short() {
		t.Skip("captures 4,000 events")
	}
	r, err := Run(t.Context(), Options{Seed: 1, Events: 4000, Dir: t.TempDir(), recalled: 5000}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range r.Goals {
		if g.Goal == 1 && !g.Met {
			t.Errorf("%s: %v", g.Name, g.Value)
		}
	}
}
