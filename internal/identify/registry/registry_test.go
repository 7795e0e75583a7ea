package registry

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/server"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/fault"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

var li = server.Identity{Handle: "0.NA/88.101", Index: 300, How: handle.TypePublicKey}

func each(t *testing.T, fn func(w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { fn(open(t, db, file.OS(), t.TempDir())) })
}

func TestAnIdentifierThroughItsLife(t *testing.T) {
	each(t, func(w *world) {
		w.home("88.101", steel)
		name := handle.Name("88.101/机床-a1")
		w.refused(w.Delete(bg, li, name), handle.NotFound)
		w.must(w.Create(bg, li, name, []handle.Value{urlValue(1, "one"), urlValue(2, "two")}, false))
		w.refused(w.Create(bg, li, "88.101/机床-A1", []handle.Value{urlValue(1, "x")}, false), handle.AlreadyExists)
		w.refused(w.Create(bg, li, "88.102/a", nil, false), handle.NotResponsible)
		w.refused(w.Service.Add(bg, li, name, []handle.Value{urlValue(2, "x"), urlValue(3, "three")}, false), handle.ValueExists)
		if got := w.data("88.101/机床-A1", 3); got != "no value 3" {
			t := w.t
			t.Errorf("a refused change left %q", got)
		}
		before := w.clock.now()
		w.clock.add(time.Hour)
		w.must(w.Service.Add(bg, li, name, []handle.Value{urlValue(3, "three")}, false))
		w.refused(w.Modify(bg, li, name, []handle.Value{urlValue(4, "x")}), handle.ValueNotFound)
		w.must(w.Modify(bg, li, name, []handle.Value{urlValue(1, "uno")}))
		w.must(w.Remove(bg, li, name, []uint32{2, 9}))
		for index, want := range map[uint32]string{1: "uno", 2: "no value 2", 3: "three"} {
			if got := w.data(string(name), index); got != want {
				w.t.Errorf("value %d is %q, want %q", index, got, want)
			}
		}
		w.clock.add(time.Hour)
		w.must(w.Delete(bg, li, name))
		if got := w.data(string(name), 1); got != "-" {
			w.t.Errorf("after its deletion it has %q", got)
		}
		w.must(w.Create(bg, li, name, []handle.Value{urlValue(1, "again")}, false))

		past, next, err := w.History(engineer, name, store.Page{})
		w.must(err)
		var ops []string
		for _, v := range past {
			ops = append(ops, string(v.Operation))
		}
		if got, want := strings.Join(ops, " "), "create delete remove modify add create"; got != want || next != "" {
			w.t.Errorf("history %q, want %q", got, want)
		}
		if by := past[0].By; by.Name != "300:0.NA/88.101" || by.Kind != "handle" || by.Via != handle.TypePublicKey {
			w.t.Errorf("by %+v", by)
		}
		v, err := w.Get(engineer, name, before)
		w.must(err)
		if values, err := v.Values(); err != nil || len(values) != 2 || string(values[0].Data) != "one" {
			w.t.Errorf("as of then %v, %v", values, err)
		}
		_, err = w.Get(engineer, name, w.clock.now().Add(-100*time.Hour))
		w.is(err, ErrIdentifier)
		_, err = w.Get(stranger, name, time.Time{})
		w.is(err, ErrPrefix)
		w.restart()
		if got := w.data(string(name), 1); got != "again" {
			w.t.Errorf("after a restart it has %q", got)
		}
	})
}

func TestPrefixesAreHomedDelegatedAndReferred(t *testing.T) {
	each(t, func(w *world) {
		if got := w.Service.Service([]byte("88")); got.Kind != server.None {
			w.t.Errorf("an unknown prefix: %+v", got)
		}
		w.home("88", node)
		w.must(w.Create(bg, li, "0.NA/88.101", []handle.Value{urlValue(1, "an enterprise")}, false)) // allocates it
		if p, ok := w.prefixes.get("88.101"); !ok || p.State != Allocated || p.Org != node {
			w.t.Errorf("%+v", p)
		}
		w.refused(w.Create(bg, li, "88.101/x", nil, false), handle.NotResponsible)
		_, err := w.Allocate(admin, Allocation{Prefix: "88.101", Org: steel, State: Delegated, Reason: "its own node"})
		w.is(err, ErrSite)
		site := handle.Value{Index: 1, Type: handle.TypeService, Data: []byte("0.SITE/88.101"), TTL: handle.DefaultTTL, Permissions: handle.DefaultPermissions}
		_, err = w.Allocate(admin, Allocation{Prefix: "88.101", Org: steel, State: Delegated, Values: []handle.Value{site}, Reason: "its own node"})
		w.must(err)
		got := w.Service.Service([]byte("88.101"))
		to, values, err := handle.DecodeReferral(got.Referral)
		if got.Kind != server.ReferService || to != "0.SITE/88.101" || len(values) != 0 || err != nil {
			w.t.Errorf("%+v: %s, %v", got, to, err)
		}
		if got := w.Service.Service([]byte("88.101.5")); got.Kind != server.ReferService || len(got.Referral) == 0 {
			w.t.Errorf("below it, by a service: %+v", got)
		}
		if got := w.Authority([]byte("88.7")); got.Kind != server.Homed {
			w.t.Errorf("a prefix that is not there, of one that is homed: %+v", got)
		}
		if got := w.Authority([]byte("99.7")); got.Kind != server.None {
			w.t.Errorf("a prefix of nobody: %+v", got)
		}
		// What its handle says counts at once, and after a restart.
		site.Data = []byte("0.SITE/NEW")
		w.must(w.Modify(bg, li, "0.NA/88.101", []handle.Value{site}))
		for range 2 {
			to, _, err = handle.DecodeReferral(w.Service.Service([]byte("88.101")).Referral)
			if to != "0.SITE/NEW" || err != nil {
				w.t.Errorf("%s, %v", to, err)
			}
			w.restart()
		}
		w.must(w.Home(bg, li, "0.NA/88.101"))
		names, err := w.Homed(bg)
		if err != nil || fmt.Sprint(names) != "[0.NA/88 0.NA/88.101]" {
			w.t.Errorf("%v, %v", names, err)
		}
		w.must(w.Create(bg, li, "88.101/x", nil, false))
		w.must(w.Unhome(bg, li, "0.NA/88.101"))
		w.refused(w.Unhome(bg, li, "0.NA/88.101"), handle.NotResponsible)
		past, err := w.PrefixPast(engineer, "88.101")
		w.must(err)
		var states []string
		for _, p := range past {
			states = append(states, string(p.State))
		}
		if got := strings.Join(states, " "); got != "delegated homed allocated" || past[0].Until != past[1].Since {
			w.t.Errorf("states that the organisation sees: %s, %+v", got, past)
		}
		_, err = w.Allocate(stranger, Allocation{Prefix: "88.102", Org: mills, State: Homed})
		w.t.Log(err)
		if err == nil {
			w.t.Error("a stranger allocates a prefix")
		}
		list, err := w.Prefixes(engineer, steel)
		if err != nil || len(list) != 1 || list[0].Prefix != "88.101" {
			w.t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestManyRegistrationsAtOnceShareCommitsAndEachIsProved(t *testing.T) {
	each(t, func(w *world) {
		w.home("88.101", steel)
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				err := w.Create(bg, li, handle.Name(fmt.Sprintf("88.101/%d", i%190)), []handle.Value{urlValue(1, fmt.Sprint(i))}, false)
				var r *handle.Refusal
				if err != nil && (!errors.As(err, &r) || r.Code != handle.AlreadyExists) {
					w.t.Error(err)
				}
			})
		}
		all.Wait()
		if n, err := w.Count(bg, "0.NA/88.101"); n != 190 || err != nil {
			w.t.Errorf("%d identifiers, %v", n, err)
		}
		var commits []commitRow
		w.must(w.o.DB.NewSelect().Model(&commits).Scan(bg))
		if len(commits) >= 190 {
			w.t.Errorf("%d commits for 190 registrations", len(commits))
		}
		names, err := w.Service.List(bg, "0.NA/88.101", "", 100)
		if err != nil || len(names) != 100 || names[0] != "88.101/0" {
			w.t.Fatalf("%d names, %v", len(names), err)
		}
		rest, err := w.Service.List(bg, "0.NA/88.101", names[99].Key(), 100)
		if err != nil || len(rest) != 90 {
			w.t.Errorf("%d names, %v", len(rest), err)
		}
		for _, name := range append(names[:5], rest[85:]...) {
			var p *Proof
			for range 1000 {
				if p, err = w.Prove(engineer, name, 0); !errors.Is(err, ErrUnproved) {
					break
				}
				time.Sleep(2 * time.Millisecond)
			}
			w.must(err)
			file, err := p.Encode()
			w.must(err)
			p, err = ParseProof(file)
			w.must(err)
			if _, err := p.Verify(origin, w.keys...); err != nil {
				w.t.Error(err)
			}
			// The same, by tlog alone.
			blinded := sha256.Sum256(append(append([]byte{}, p.Group.Salt...), p.Version...))
			w.must(tlog.CheckRecord(p.Group.Path, int64(p.Group.Size), p.Group.Root, int64(p.Group.Place), tlog.RecordHash(blinded[:])))
			p.Version[len(p.Version)-1] ^= 1
			_, err = p.Verify(origin, w.keys...)
			w.is(err, evidence.ErrNotProved)
		}
	})
}

func TestARefusedGroupIsTakenBackWhole(t *testing.T) {
	each(t, func(w *world) {
		w.home("88.101", steel)
		r := &request{by: systemAuthor, whole: true, changes: []Change{
			{Operation: Create, Name: "88.101/a", Values: []handle.Value{urlValue(1, "a")}},
			{Operation: Create, Name: "88.101/b", Values: []handle.Value{urlValue(1, "b")}},
			{Operation: Create, Name: "88.101/A", Values: []handle.Value{urlValue(1, "c")}},
		}}
		w.refused(w.submit(bg, r), handle.AlreadyExists)
		if w.data("88.101/a", 1) != "-" || w.data("88.101/b", 1) != "-" {
			w.t.Error("part of a refused request is held")
		}
		r = &request{by: systemAuthor, changes: r.changes}
		w.must(w.submit(bg, r))
		if r.out.Refused != 1 || r.out.Errors[2] == nil || r.out.Serials[0] == 0 || w.data("88.101/a", 1) != "a" {
			w.t.Errorf("%+v", r.out)
		}
		// Several changes of one name in one commit.
		r = &request{by: systemAuthor, whole: true, changes: []Change{
			{Operation: Modify, Name: "88.101/a", Values: []handle.Value{urlValue(1, "2")}},
			{Operation: Delete, Name: "88.101/a"},
			{Operation: Create, Name: "88.101/a", Values: []handle.Value{urlValue(1, "3")}},
			{Operation: Delete, Name: "88.101/b"},
		}}
		w.must(w.submit(bg, r))
		list, _, err := w.Find(engineer, Query{Prefix: "88.101"}, store.Page{})
		if err != nil || len(list) != 1 || w.data("88.101/a", 1) != "3" || w.data("88.101/b", 1) != "-" {
			w.t.Errorf("%+v, %v", list, err)
		}
		basis := list[0].Serial
		r = &request{by: systemAuthor, changes: []Change{{Operation: Delete, Name: "88.101/a", Basis: basis - 1}, {Operation: Delete, Name: "88.101/a", Basis: basis}}}
		w.must(w.submit(bg, r))
		w.is(r.out.Errors[0], ErrBasis)
		if r.out.Errors[1] != nil {
			w.t.Error(r.out.Errors[1])
		}
	})
}

// TestTheIndexIsFilledAgain damages, removes and sets back the index; whatever happens to it, what is held is what SQL says.
func TestTheIndexIsFilledAgain(t *testing.T) {
	disk := fault.NewDisk(5)
	w := open(t, storetest.SQLite(t), disk, "/index")
	w.home("88.101", steel)
	held := map[string]string{}
	r := rand.New(rand.NewPCG(1, 2))
	change := func() {
		for range 30 {
			name, value := fmt.Sprintf("88.101/%d", r.IntN(60)), fmt.Sprint(r.Uint64())
			if r.IntN(4) == 0 && held[name] != "" {
				w.must(w.Delete(bg, li, handle.Name(name)))
				delete(held, name)
				continue
			}
			w.must(w.Create(bg, li, handle.Name(name), []handle.Value{urlValue(1, value)}, true))
			held[name] = value
		}
	}
	compare := func(when string) {
		t.Helper()
		for i := range 60 {
			name := fmt.Sprintf("88.101/%d", i)
			want := held[name]
			if want == "" {
				want = "-"
			}
			if got := w.data(name, 1); got != want {
				t.Fatalf("%s: %s is %q, want %q", when, name, got, want)
			}
		}
	}
	damage := func() {
		files, err := disk.ReadDir("/index")
		w.must(err)
		for _, f := range files {
			if info, err := disk.Stat("/index/" + f.Name()); err == nil && strings.HasSuffix(f.Name(), ".jwi") {
				for range 5 {
					disk.Damage("/index/"+f.Name(), r.Int64N(info.Size()), 1)
				}
			}
		}
	}
	for round := range 12 {
		change()
		compare("after changes")
		switch round % 4 {
		case 0:
			w.stop()
			damage()
			w.start()
		case 1:
			w.stop()
			files, err := disk.ReadDir("/index")
			w.must(err)
			for _, f := range files {
				w.must(disk.Remove("/index/" + f.Name()))
			}
			w.start()
		case 2: // the disk lost what came last, and the segments with it
			w.stop()
			disk.Crash()
			w.start()
		case 3: // while it is open
			w.distrust()
			compare("from SQL")
			change()
			for range 1000 {
				if w.ready.Load() != 0 {
					break
				}
				time.Sleep(time.Millisecond)
			}
		}
		compare(fmt.Sprint("after round ", round))
	}
}
