package module_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"jingwei/internal/kernel/module"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type room struct {
	name        string
	diary       *[]string
	start, stop error
	panics      bool
}

func (r *room) Name() string { return r.name }
func (r *room) Start(context.Context) error {
	*r.diary = append(*r.diary, "start "+r.name)
	return r.start
}
func (r *room) Stop(context.Context) error {
	*r.diary = append(*r.diary, "stop "+r.name)
	if r.panics {
		panic("oh")
	}
	return r.stop
}

func TestRoomsStartInOrderAndStopInReverse(t *testing.T) {
	var diary []string
	ctx, cancel := context.WithCancel(context.Background())
	err := module.Run(ctx, module.Options{Started: cancel},
		&room{name: "a", diary: &diary}, &room{name: "b", diary: &diary, panics: true}, &room{name: "c", diary: &diary, stop: errors.New("stuck")})
	if want := []string{"start a", "start b", "start c", "stop c", "stop b", "stop a"}; !slices.Equal(diary, want) {
		t.Errorf("got %v, want %v", diary, want)
	}
	if err == nil || !strings.Contains(err.Error(), "stop c: stuck") || !strings.Contains(err.Error(), "stop b: panic: oh") {
		t.Errorf("got %v", err)
	}
}

func TestAFailedStartStopsWhatHadStarted(t *testing.T) {
	var diary []string
	port := errors.New("port in use")
	err := module.Run(context.Background(), module.Options{},
		&room{name: "a", diary: &diary}, &room{name: "b", diary: &diary, start: port}, &room{name: "c", diary: &diary})
	if want := []string{"start a", "start b", "stop a"}; !slices.Equal(diary, want) {
		t.Errorf("got %v, want %v", diary, want)
	}
	if !errors.Is(err, port) || !strings.HasPrefix(err.Error(), "start b: ") {
		t.Errorf("got %v", err)
	}
}

func TestARoomThatCannotGoOnEndsTheProcess(t *testing.T) {
	var diary []string
	failed := make(chan error, 1)
	disk := errors.New("fsync failed")
	failed <- disk
	err := module.Run(context.Background(), module.Options{Failed: failed}, &room{name: "a", diary: &diary})
	if !errors.Is(err, disk) || !slices.Equal(diary, []string{"start a", "stop a"}) {
		t.Errorf("got %v, %v", err, diary)
	}
}

func TestLoopEndsWithStopAndALoopThatDoesNotIsGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := false
	err := module.Run(ctx, module.Options{Started: cancel}, module.Loop("tidy", func(ctx context.Context) error {
		<-ctx.Done()
		ended = true
		return ctx.Err()
	}))
	if err != nil || !ended {
		t.Errorf("got %v, ended %v", err, ended)
	}
	release := make(chan struct{})
	defer close(release)
	ctx, cancel = context.WithCancel(context.Background())
	err = module.Run(ctx, module.Options{Started: cancel, StopTimeout: time.Millisecond}, module.Loop("deaf", func(context.Context) error {
		<-release
		return nil
	}))
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "stop deaf") {
		t.Errorf("got %v", err)
	}
}
