package resolve

import (
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf holds records in a map that nobody changes.
type shelf struct {
	server.Holdings
	records map[string][]byte
}

func (s shelf) Append(dst, key []byte) ([]byte, bool) {
	record, ok := s.records[string(key)]
	return append(dst, record...), ok
}

func (shelf) Service([]byte) server.Service   { return server.Service{Kind: server.Homed} }
func (shelf) Authority([]byte) server.Service { return server.Service{Kind: server.Homed} }

func name(i int) handle.Name { return handle.Name(fmt.Sprintf("88.101.5/pump-%07d", i)) }

// TestEverySubjectIsMeasured runs a short race; JINGWEI_RESOLVE=3s makes it one whose numbers mean something.
func TestEverySubjectIsMeasured(t *testing.T) {
	phase := 100 * time.Millisecond
	if s := os.Getenv("JINGWEI_RESOLVE"); s != "" {
		var err error
		if phase, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
	}
	s := shelf{records: map[string][]byte{}}
	const n = 100_000
	for i := range n {
		s.records[name(i).Key()] = handle.AppendRecord(nil, name(i), []handle.Value{
			{Index: 1, Type: "URL", Data: fmt.Appendf(nil, "https://id.example.org/88.101.5/pump-%07d", i), TTL: handle.DefaultTTL, Permissions: handle.DefaultPermissions},
			{Index: 2, Type: "JINGWEI", Data: make([]byte, 100), TTL: handle.DefaultTTL, Permissions: handle.DefaultPermissions},
		})
	}
	rounds := 1
	if phase > time.Second {
		rounds = 3
	}
	r, err := Run(t.Context(), Options{Holdings: s, Name: name, Names: n, Phase: phase, Rounds: rounds})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []Row{r.UDP, r.Echo, r.TCP, r.HTTP, r.Bare} {
		if row.Rate <= 0 || row.P99 < row.P50 || row.P50 <= 0 {
			t.Errorf("%+v", row)
		}
	}
	r.Summary(os.Stderr)
}

func TestQuantilesAreCloseFromAbove(t *testing.T) {
	var h histogram
	for i := 1; i <= 1000; i++ {
		h.add(time.Duration(i) * time.Microsecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Microsecond, 0.99: 990 * time.Microsecond} {
		if got := h.quantile(q); got < want || got > want*17/16 {
			t.Errorf("%v: %v", q, got)
		}
	}
}

func TestAStockIsRegisteredRestartedAndHeld(t *testing.T) {
	s := &stock{dir: t.TempDir(), n: 3500}
	r, err := s.measure(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if r.Names != 3500 || r.Disk < r.Index || r.Index < 3500*100 {
		t.Errorf("%+v", r)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}
