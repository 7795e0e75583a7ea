package trace

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// TestSubscribersGetEverythingOnceThatTheyAnswered: what fails comes again, with the same key; the signature is the secret's.
func TestSubscribersGetEverythingOnceThatTheyAnswered(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := w.as(auth.Engineer, "p")
		if _, err := w.service.KeepQuery(ctx, w.sides["p"], "made", Params{"EQ_bizStep": {"commissioning"}}); err != nil {
			t.Fatal(err)
		}
		w.record("p", made(0, placeP, unit(0))) // before: not sent
		if _, err := w.service.Subscribe(ctx, "made", Subscription{Dest: "https://inside/"}); err == nil {
			t.Error("an address inside was taken")
		}
		sub, err := w.service.Subscribe(ctx, "made", Subscription{Dest: "https://example.com/hook"})
		if err != nil {
			t.Fatal(err)
		}
		deliver := func() {
			t.Helper()
			if err := w.service.deliver(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		w.record("p", made(1, placeP, unit(1)), packed(2, placeP, box(1), unit(1)))
		w.record("x", made(1, placeS, unit(7))) // a stranger's
		w.out.status = 500
		deliver()
		if len(w.out.posts) != 1 {
			t.Fatalf("%d deliveries", len(w.out.posts))
		}
		deliver() // it waits
		if len(w.out.posts) != 1 {
			t.Errorf("%d deliveries while it is to wait", len(w.out.posts))
		}
		w.mu.Lock()
		w.clock = w.clock.Add(time.Minute)
		w.mu.Unlock()
		w.out.status = 204
		deliver()
		deliver()
		if len(w.out.posts) != 2 {
			t.Fatalf("%d deliveries", len(w.out.posts))
		}
		first, second := w.out.posts[0], w.out.posts[1]
		if first.id != second.id || first.secret != w.service.Secret(sub.ID) {
			t.Errorf("%q %q", first.id, second.id)
		}
		if got := ids(t, second.body); !slices.Equal(got, []string{hashOf(t, made(1, placeP, unit(1)))}) {
			t.Errorf("%v", got)
		}
		w.record("p", made(3, placeP, unit(3)))
		deliver()
		if len(w.out.posts) != 3 || !slices.Equal(ids(t, w.out.posts[2].body), []string{hashOf(t, made(3, placeP, unit(3)))}) {
			t.Errorf("%d deliveries", len(w.out.posts))
		}
		list, err := w.service.Subscriptions(ctx, "made")
		if err != nil || len(list) != 1 || list[0].Failures != 0 || list[0].Trouble != "" {
			t.Errorf("%+v, %v", list, err)
		}
		if err := w.service.Unsubscribe(ctx, "made", sub.ID); err != nil {
			t.Fatal(err)
		}
		w.record("p", made(4, placeP, unit(4)))
		deliver()
		if len(w.out.posts) != 3 {
			t.Error("sent to who had unsubscribed")
		}
	})
}

// TestAStreamTellsAsItComes over a real connection, and goes on where it was left.
func TestAStreamTellsAsItComes(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	c := newCaller(t, w)
	if _, err := w.service.KeepQuery(w.as(auth.Operator, "p"), w.sides["p"], "all", Params{}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(c.server.Handler())
	defer server.Close()
	read := func(last string, then func()) (id string, body []byte) {
		ctx, end := context.WithTimeout(t.Context(), 20*time.Second)
		defer end()
		r, _ := http.NewRequestWithContext(ctx, "GET", server.URL+"/api/v1/epcis/queries/all/stream", nil)
		r.Header.Set("Authorization", "Bearer viewer@p")
		if last != "" {
			r.Header.Set("Last-Event-ID", last)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		lines := bufio.NewReader(res.Body)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case strings.HasPrefix(line, ": all") && then != nil:
				then()
			case strings.HasPrefix(line, "id: "):
				id = strings.TrimSpace(line[4:])
			case strings.HasPrefix(line, "data: "):
				return id, []byte(line[6:])
			}
		}
	}
	id, body := read("", func() { w.record("p", made(1, placeP, unit(1))) })
	if got := ids(t, body); len(got) != 1 || id == "" {
		t.Errorf("%s %v", id, got)
	}
	w.record("p", made(2, placeP, unit(2)))
	if _, body = read(id, nil); !slices.Equal(ids(t, body), []string{hashOf(t, made(2, placeP, unit(2)))}) {
		t.Errorf("%s", body)
	}
	http.DefaultClient.CloseIdleConnections()
}
