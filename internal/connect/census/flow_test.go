package census_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/ingest"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/telemetry"
)

// TestValuesPerSecondOfASourceThatIsAtWork lets a device push and its machine be made, and looks for what it sends in
// the figures.
func TestValuesPerSecondOfASourceThatIsAtWork(t *testing.T) {
	n := newNode(t, storetest.SQLite(t), nil)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- n.sources.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	site := n.place(n.a, plant.Site, uuid.Nil, "site")
	src := proof.Must(n.sources.Create(n.as(n.a), ingest.Draft{Org: n.a, Name: text.Both("line"), Kind: "push", Transport: ingest.HTTP, Config: []byte(`{}`), Adopt: site, Origin: telemetry.Replayed}))
	key := proof.Must(n.sources.NewCredential(n.as(n.a), src.ID, "line", "", nil))
	var rate float64
	for i := 0; rate == 0; i++ {
		if i == 500 {
			t.Fatal("the source never tells a rate")
		}
		r := proof.Must(http.NewRequest(http.MethodPost, n.web.URL+"/push/write", strings.NewReader(fmt.Sprintf("oven,device=7 temp=%d,on=true %d\n", i, n.clock.Load()))))
		r.Header.Set("Authorization", "Bearer "+key.ID.String()+":"+key.Secret)
		answer, err := n.web.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body := proof.Must(io.ReadAll(answer.Body))
		_ = answer.Body.Close()
		switch answer.StatusCode {
		case http.StatusNoContent:
			n.clock.Add(int64(5 * time.Second))
		case http.StatusServiceUnavailable, http.StatusForbidden, http.StatusNotFound: // not at work yet
		default:
			t.Fatalf("push: %d %s", answer.StatusCode, body)
		}
		time.Sleep(5 * time.Millisecond) // the room's own tick
		v, _ := n.sources.View(src.ID)
		rate = v.ValuesPerSecond
	}
	v := n.scale("a", "")
	if v.Flow == nil || v.Flow.ValuesPerSecond <= 0 || v.Flow.Unattributed != 0 {
		t.Fatalf("flow %+v", v.Flow)
	}
	push, line := by(t, v.Protocol, "push"), by(t, v.Channel, src.ID.String())
	if *push.ValuesPerSecond != v.Flow.ValuesPerSecond || *line.ValuesPerSecond != v.Flow.ValuesPerSecond {
		t.Errorf("push %v, source %v, in all %v", *push.ValuesPerSecond, *line.ValuesPerSecond, v.Flow.ValuesPerSecond)
	}
	if push.Machines != 1 || push.States.Replayed != 1 || v.Points.Total != 2 {
		t.Errorf("the adopted machine: %+v, points %+v", push.Count, v.Points)
	}
	if note := v.Notes[len(v.Notes)-1].En; !strings.Contains(note, "recorded data") {
		t.Errorf("replayed data are not noted: %q", note)
	}
}
