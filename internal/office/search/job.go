package search

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/job"
	"jingwei/internal/kernel/store"
)

// JobKind is the kind of the job that rebuilds the index.
const JobKind = "search.rebuild"

// Jobs is what this room needs of the runner of jobs.
type Jobs interface {
	Submit(ctx context.Context, q job.Request) (job.Job, error)
	ListKind(ctx context.Context, scope store.Scope, kind string, page store.Page) ([]job.Job, string, error)
}

// Work is how the room does long work: all of it is needed for rebuilds, nothing of it for finding.
type Work struct {
	DB   *store.DB
	Jobs Jobs // whose handler for JobKind is Handle
	Home func(context.Context) (uuid.UUID, error)
}

// Rebuilt is what a rebuild leaves.
type Rebuilt struct {
	Documents int `json:"documents"`
}

// Handle rebuilds the index (job.Handler). It begins anew after an interruption: the index is in memory, and the one that serves stays
// until the new one is whole.
func (s *Service) Handle(ctx context.Context, run *job.Run) (any, error) {
	before, _ := s.Documents()
	n, err := s.Rebuild(ctx, func(done int) error { return run.Save(ctx, nil, int64(done), int64(max(before, done))) })
	return Rebuilt{n}, err
}

// SubmitRebuild queues a rebuild. Errors: those of auth.
func (s *Service) SubmitRebuild(ctx context.Context) (j job.Job, err error) {
	p, err := auth.AllowNode(ctx, auth.Node)
	if err != nil {
		return j, err
	}
	home, err := s.Work.Home(ctx)
	if err != nil {
		return j, err
	}
	err = s.Work.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		if j, err = s.Work.Jobs.Submit(ctx, job.Request{Org: home, Kind: JobKind, Actor: p.Name}); err != nil {
			return err
		}
		scope := auth.System(home)
		if on, err := auth.Allow(ctx, auth.Node, home); err == nil {
			scope = on
		}
		return audit.Record(ctx, tx, scope.Act(ctx, s.o.Now(), JobKind, audit.Object{Kind: "job", ID: j.ID.String()}, nil, nil))
	})
	return j, err
}

// Rebuilds lists rebuilds that were asked for, the latest first. Errors: those of auth.
func (s *Service) Rebuilds(ctx context.Context, page store.Page) ([]job.Job, string, error) {
	if _, err := auth.AllowNode(ctx, auth.Node); err != nil {
		return nil, "", err
	}
	return s.Work.Jobs.ListKind(ctx, auth.Everywhere(), JobKind, page)
}
