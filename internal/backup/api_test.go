package backup

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/job"
	"jingwei/internal/kernel/proof"
)

func TestEveryProblemHasWords(t *testing.T) {
	c, err := problem.ReadCatalogue(texts, "texts")
	must(t, err)
	if missing := c.Missing(kinds...); len(missing) > 0 {
		t.Error(missing)
	}
}

// door is a node that serves the routes, and runs their jobs.
type door struct {
	*node
	url     string
	service *Service
}

func newDoor(t *testing.T) *door {
	ctx := context.Background()
	n := sqliteNode(t)
	home, other := uuid.UUID{1}, uuid.UUID{2}
	s := &Service{Source: *n.source(), Home: func(context.Context) (uuid.UUID, error) { return home, nil }}
	var err error
	s.Jobs, err = job.New(ctx, job.Options{DB: n.db, Now: time.Now, Poll: 10 * time.Millisecond, Handlers: map[string]job.Handler{JobKind: s.Handle}})
	must(t, err)
	must(t, s.Jobs.Start(ctx))
	t.Cleanup(func() { must(t, s.Jobs.Stop(context.Background())) })
	a, err := api.New(ctx, api.Options{Auth: authtest.Callers{
		"owner":    authtest.Person("owner", map[uuid.UUID]auth.Role{home: auth.Owner}).AtHome(home),
		"engineer": authtest.Person("engineer", map[uuid.UUID]auth.Role{home: auth.Engineer}).AtHome(home),
		"tenant":   authtest.Person("tenant", map[uuid.UUID]auth.Role{other: auth.Owner}).AtHome(home),
	}})
	must(t, err)
	s.Routes(a)
	web := httptest.NewServer(a.Handler())
	t.Cleanup(func() { web.Close(); http.DefaultClient.CloseIdleConnections() })
	return &door{n, web.URL, s}
}

func (d *door) ask(who, method, path, body string, into any) (status int, text string) {
	d.t.Helper()
	req, err := http.NewRequest(method, d.url+api.Base+path, strings.NewReader(body))
	must(d.t, err)
	req.Header.Set("Authorization", "Bearer "+who)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept-Language", "zh")
	res, err := http.DefaultClient.Do(req)
	must(d.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	must(d.t, err)
	if into != nil && res.StatusCode/100 == 2 {
		must(d.t, json.Unmarshal(b, into))
	}
	return res.StatusCode, string(b)
}

func TestBackupOverHTTP(t *testing.T) {
	d := newDoor(t)
	d.fill(declare(t, d.store, 0, 4), 0, 30)
	to := filepath.Join(t.TempDir(), "repo")
	body := string(proof.Must(json.Marshal(Request{To: to, Keep: 1})))
	for _, who := range []string{"engineer", "tenant"} {
		if status, text := d.ask(who, "POST", "/backups", body, nil); status != 403 {
			t.Errorf("%s may back the node up: %d %s", who, status, text)
		}
	}
	for _, wrong := range []string{"relative/folder", "", "/"} {
		b := string(proof.Must(json.Marshal(Request{To: wrong})))
		if status, text := d.ask("owner", "POST", "/backups", b, nil); status != 422 || !strings.Contains(text, "备份目录") {
			t.Errorf("to %q: %d %s", wrong, status, text)
		}
	}
	var j job.Job
	if status, text := d.ask("owner", "POST", "/backups", body, &j); status != 201 {
		t.Fatalf("%d %s", status, text)
	}
	if status, _ := d.ask("engineer", "GET", "/backups/"+j.ID.String(), "", nil); status != 403 {
		t.Errorf("an engineer sees the backup: %d", status)
	}
	if status, _ := d.ask("owner", "GET", "/backups/"+uuid.NewString(), "", nil); status != 404 {
		t.Errorf("a backup that never was: %d", status)
	}
	proof.Wait(t, "the backup ends", func() bool {
		if status, text := d.ask("owner", "GET", "/backups/"+j.ID.String(), "", &j); status != 200 {
			t.Fatalf("%d %s", status, text)
		}
		return j.Status.Ended()
	})
	var out Output
	if err := json.Unmarshal(j.Output, &out); err != nil || j.Status != job.Done || out.Commit != 30 || out.Pruned == nil || j.Done != j.Total || j.Done == 0 {
		t.Fatalf("%v: %+v", err, j)
	}
	if status, _ := d.ask("owner", "DELETE", "/backups/"+j.ID.String(), "", nil); status != 409 {
		t.Errorf("a backup that has ended was cancelled: %d", status)
	}
	var entries int
	must(t, d.db.NewRaw("SELECT count(*) FROM audit_entry WHERE verb = 'node.backup.create'").Scan(context.Background(), &entries))
	if entries != 1 {
		t.Errorf("%d audit entries", entries)
	}
	var list struct{ Items []job.Job }
	if status, text := d.ask("owner", "GET", "/backups", "", &list); status != 200 || len(list.Items) != 1 || list.Items[0].ID != j.ID {
		t.Errorf("%d %s", status, text)
	}
	if status, _ := d.ask("engineer", "GET", "/backups", "", nil); status != 403 {
		t.Errorf("an engineer sees the backups: %d", status)
	}
	// Into a folder that is none, the job fails and says why.
	filled := t.TempDir()
	must(t, os.WriteFile(filepath.Join(filled, "something"), nil, 0o600))
	b := string(proof.Must(json.Marshal(Request{To: filled})))
	if status, text := d.ask("owner", "POST", "/backups", b, &j); status != 201 {
		t.Fatalf("%d %s", status, text)
	}
	proof.Wait(t, "the backup fails", func() bool {
		d.ask("owner", "GET", "/backups/"+j.ID.String(), "", &j)
		return j.Status.Ended()
	})
	if j.Status != job.Failed || !strings.Contains(j.Error, "no backup repository") {
		t.Errorf("%s: %s", j.Status, j.Error)
	}
}
