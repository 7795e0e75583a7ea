package backup

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/job"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

//go:embed texts
var texts embed.FS

// What a caller may act on.
var (
	ErrFolder = problem.Define("backup-folder-invalid", http.StatusUnprocessableEntity) // reason
	ErrEnded  = problem.Define("backup-ended", http.StatusConflict)
	// ErrCluster: the node's journal is in a cluster.
	ErrCluster = problem.Define("backup-cluster", http.StatusConflict)
)

// errBusy: two backups at once would remove each other's copy of the records.
var errBusy = errors.New("another backup of this node is under way; ask again when it has ended")

var kinds = []*problem.Kind{ErrFolder, ErrEnded, ErrCluster}

// JobKind is the kind of job that makes a backup of the running node.
const JobKind = "backup"

// Request is what such a job is asked for.
type Request struct {
	To   string `json:"to" maxLength:"1000" doc:"Absolute path, on the node's own computer, of a backup repository, or of a new or empty folder"`
	Keep int    `json:"keep,omitempty" minimum:"0" maximum:"10000" doc:"Afterwards keep the newest so many snapshots and remove what only older ones need; 0 removes nothing"`
}

// check tells what is wrong with a request from outside.
func (s *Service) check(q *Request) error {
	if !filepath.IsAbs(q.To) || filepath.Clean(q.To) == string(filepath.Separator) {
		return ErrFolder.At("body.to", q.To).With("reason", text.Text{Zh: "不是目录的绝对路径", En: "it is not the absolute path of a folder"})
	}
	err := s.Source.check(q.To)
	var place *PlaceError
	switch {
	case errors.Is(err, ErrClusterJournal):
		return ErrCluster.Because(err)
	case errors.As(err, &place):
		return ErrFolder.At("body.to", q.To).Because(err).With("reason", text.Text{
			Zh: "它与数据目录 " + place.Data + " 互相包含，数据丢失时备份会一同丢失",
			En: "it lies in the data folder " + place.Data + " or around it, and would be lost with the data"})
	}
	return err
}

// Output is what a finished job answers.
type Output struct {
	Result
	Pruned *Pruned `json:"pruned,omitempty"`
}

// Service backs a running node up: as a job that anybody may ask for who runs the node.
type Service struct {
	Source Source
	Jobs   *job.Runner // whose handler for JobKind is Handle
	Home   func(context.Context) (uuid.UUID, error)

	working sync.Mutex // held while a backup is made
}

// saveEvery is how often a job notes how far it is.
const saveEvery = time.Second

// Handle is the job's handler.
func (s *Service) Handle(ctx context.Context, run *job.Run) (any, error) {
	var q Request
	if err := run.Decode(&q); err != nil {
		return nil, err
	}
	if err := s.check(&q); err != nil {
		return nil, err
	}
	if !s.working.TryLock() {
		return nil, errBusy
	}
	defer s.working.Unlock()
	src := s.Source
	r, err := WriteRepository(src.FS, filepath.Clean(q.To), src.Program, src.Now())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var mu sync.Mutex
	var last Progress
	done := make(chan struct{})
	var saver sync.WaitGroup
	saver.Go(func() {
		t := time.NewTicker(saveEvery)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
				mu.Lock()
				p := last
				mu.Unlock()
				_ = run.Save(ctx, p, p.Done, p.Total) // progress for people; the next one is soon
			}
		}
	})
	res, err := Run(ctx, &src, r, func(p Progress) {
		mu.Lock()
		last = p
		mu.Unlock()
	})
	close(done)
	saver.Wait()
	if err != nil {
		return nil, err
	}
	out := Output{Result: *res}
	if q.Keep > 0 {
		if out.Pruned, err = r.Prune(q.Keep); err != nil {
			return nil, err
		}
	}
	return out, run.Save(ctx, nil, res.Bytes, res.Bytes)
}

// Routes adds the operations. They are for those who run the node: a backup holds what all tenants have.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	tag := api.Tag("backups")
	op := api.Created(tag.Operation(http.MethodPost, "createBackup", "/backups", "Back this node up, as a job"))
	op.Description = "The node goes on; everything acknowledged before the backup began is in it. Private keys are in it too: the folder is readable for the node's user only. The same as `jingwei backup --to`."
	api.Register(a, op, func(ctx context.Context, in *struct{ Body Request }) (*struct{ Body job.Job }, error) {
		p, err := auth.AllowNode(ctx, auth.Node)
		if err != nil {
			return nil, err
		}
		if err := s.check(&in.Body); err != nil {
			return nil, err
		}
		home, err := s.Home(ctx)
		if err != nil {
			return nil, err
		}
		var j job.Job
		err = s.Source.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
			if j, err = s.Jobs.Submit(ctx, job.Request{Org: home, Kind: JobKind, Actor: p.Name, Input: in.Body}); err != nil {
				return err
			}
			return s.record(ctx, tx, p, home, "node.backup.create", j.ID, nil, in.Body)
		})
		if err != nil {
			return nil, err
		}
		return &struct{ Body job.Job }{j}, nil
	})
	api.Register(a, tag.Operation(http.MethodGet, "listBackups", "/backups", "Backups that were asked for, the latest first"),
		func(ctx context.Context, in *api.Paging) (*api.List[job.Job], error) {
			if _, err := auth.AllowNode(ctx, auth.Node); err != nil {
				return nil, err
			}
			items, next, err := s.Jobs.ListKind(ctx, auth.Everywhere(), JobKind, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(items, next), nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "getBackup", "/backups/{id}", "How far a backup is, and what it came to"),
		func(ctx context.Context, in *api.ByID) (*struct{ Body job.Job }, error) {
			j, err := s.find(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return &struct{ Body job.Job }{j}, nil
		})
	api.Register(a, tag.Operation(http.MethodDelete, "cancelBackup", "/backups/{id}", "Cancel a backup that has not ended; it leaves no snapshot"),
		func(ctx context.Context, in *api.ByID) (*struct{}, error) {
			j, err := s.find(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			p, err := auth.AllowNode(ctx, auth.Node)
			if err != nil {
				return nil, err
			}
			return nil, s.Source.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
				if err := s.Jobs.Cancel(ctx, auth.Everywhere(), in.ID); err != nil {
					if errors.Is(err, job.ErrEnded) {
						return ErrEnded.Because(err)
					}
					return err
				}
				return s.record(ctx, tx, p, j.Org, "node.backup.cancel", j.ID, j.Input, nil)
			})
		})
}

// record notes in the audit of the node's own organisation what was done with a backup.
func (s *Service) record(ctx context.Context, tx bun.Tx, p auth.Principal, home uuid.UUID, verb string, id uuid.UUID, before, after any) error {
	e := auth.System(home).Act(ctx, s.Source.Now(), verb, audit.Object{Kind: "node.backup", ID: id.String()}, before, after)
	e.Actor, e.Via = auth.ActorOf(p), p.Via
	return audit.Record(ctx, tx, e)
}

// find returns a job that is a backup, for those who run the node.
func (s *Service) find(ctx context.Context, id uuid.UUID) (job.Job, error) {
	if _, err := auth.AllowNode(ctx, auth.Node); err != nil {
		return job.Job{}, err
	}
	j, err := s.Jobs.Get(ctx, auth.Everywhere(), id)
	if err == nil && j.Kind != JobKind {
		err = store.ErrNotFound
	}
	if errors.Is(err, store.ErrNotFound) {
		return j, auth.ErrNotFound.With("thing", "backup").Because(err)
	}
	return j, err
}
