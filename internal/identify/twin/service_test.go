package twin_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"jingwei/internal/identify/twin"
	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// shell is a stored shell's JSON.
func shell(id, short, serial string) string {
	return fmt.Sprintf(`{"modelType":"AssetAdministrationShell","id":%q,"idShort":%q,"assetInformation":{"assetKind":"Instance","globalAssetId":"urn:x:asset:%s","specificAssetIds":[{"name":"serialNumber","value":%q}]}}`, id, short, id, serial)
}

func doc(t testing.TB, kind twin.Kind, s string) *aas.Document {
	t.Helper()
	return must[*aas.Document](t)(aas.Read(kind, []byte(s)))
}

func TestVersionsAreAddedAndNeverOverwritten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		put := func(short string, w twin.Way) twin.Item {
			t.Helper()
			return must[twin.Item](t)(h.twin.Put(ctx, scope(steel), doc(t, aas.Shell, shell("urn:x:1", short, "S1")), w))
		}
		first := put("One", twin.Way{Create: true, Reason: "delivered"})
		h.pass(time.Hour)
		between := h.now()
		h.pass(time.Hour)
		second := put("Two", twin.Way{})
		if first.Version != 1 || second.Version != 2 {
			t.Errorf("versions %d and %d", first.Version, second.Version)
		}
		if _, err := h.twin.Put(ctx, scope(steel), doc(t, aas.Shell, shell("urn:x:1", "Three", "S1")), twin.Way{Create: true}); !errors.Is(err, twin.ErrExists) {
			t.Errorf("made twice: %v", err)
		}
		for at, want := range map[time.Time]string{{}: "Two", between: "One"} {
			d, err := h.twin.Document(ctx, scope(steel), aas.Shell, "urn:x:1", at)
			if err != nil || d.Tree["idShort"] != want {
				t.Errorf("at %s: %v %v, want %s", at, d.Tree["idShort"], err, want)
			}
		}
		h.pass(time.Hour)
		if err := h.twin.Delete(ctx, scope(steel), aas.Shell, "urn:x:1", "sold"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.twin.Document(ctx, scope(steel), aas.Shell, "urn:x:1", time.Time{}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a deleted shell is found: %v", err)
		}
		if d, err := h.twin.Document(ctx, scope(steel), aas.Shell, "urn:x:1", between); err != nil || d.Tree["idShort"] != "One" {
			t.Errorf("its past is lost: %v", err)
		}
		if found, _, _ := h.twin.Lookup(ctx, scope(steel), []aas.AssetID{{Name: "serialNumber", Value: "S1"}}, store.Page{}); len(found) != 0 {
			t.Errorf("a deleted shell is looked up: %v", found)
		}
		h.pass(time.Hour)
		if again := put("Back", twin.Way{Create: true}); again.Version != 4 {
			t.Errorf("made again it has version %d", again.Version)
		}
		versions, _, err := h.twin.History(ctx, scope(steel), aas.Shell, "urn:x:1", store.Page{})
		if err != nil || len(versions) != 4 || versions[1].Content != nil || versions[1].Reason != "sold" || versions[3].Reason != "delivered" {
			t.Errorf("history %+v %v", versions, err)
		}
		var entries int
		if err := db.NewSelect().TableExpr("audit_entry").ColumnExpr("COUNT(*)").Where("verb LIKE 'twin.item.%'").Scan(ctx, &entries); err != nil || entries != 4 {
			t.Errorf("%d audit entries %v, want 4", entries, err)
		}
	})
}

func TestTenantsSeeNothingOfOneAnother(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		must[twin.Item](t)(h.twin.Put(ctx, scope(steel), doc(t, aas.Shell, shell("urn:x:1", "Steel", "S1")), twin.Way{}))
		must[twin.Item](t)(h.twin.Put(ctx, scope(mills), doc(t, aas.Shell, shell("urn:x:1", "Mills", "S1")), twin.Way{Create: true}))
		for org, want := range map[string]string{"steel": "Steel", "mills": "Mills"} {
			s := scope(steel)
			if org == "mills" {
				s = scope(mills)
			}
			if d, err := h.twin.Document(ctx, s, aas.Shell, "urn:x:1", time.Time{}); err != nil || d.Tree["idShort"] != want {
				t.Errorf("%s sees %v %v", org, d.Tree["idShort"], err)
			}
			if docs, _, err := h.twin.Shells(ctx, s, twin.Filter{}, store.Page{}); err != nil || len(docs) != 1 {
				t.Errorf("%s lists %d %v", org, len(docs), err)
			}
			if found, _, err := h.twin.Lookup(ctx, s, []aas.AssetID{{Name: "serialNumber", Value: "S1"}}, store.Page{}); err != nil || len(found) != 1 {
				t.Errorf("%s looks %v up %v", org, found, err)
			}
		}
		mill := h.mill("Mill")
		if r := h.at("engineer@mills", "GET", twin.Prefix+mills.String()+twin.Suffix+"/shells/"+b64("urn:jingwei:twin:"+mill.String()+":shell"), nil, nil); r.status != 404 {
			t.Errorf("mills reads a machine of steel: %d %s", r.status, r.body)
		}
		if r := h.call("engineer@mills", "GET", "/shells", nil); r.status != 404 {
			t.Errorf("mills reads steel: %d", r.status)
		}
		if r := h.call("", "GET", "/shells", nil); r.status != 401 {
			t.Errorf("nobody reads steel: %d", r.status)
		}
		if r := h.call("viewer@steel", "POST", "/shells", shell("urn:x:9", "V", "S9")); r.status != 403 {
			t.Errorf("a viewer writes: %d", r.status)
		}
	})
}

func TestListsGoOverPlantAndStoreInPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		line := h.line()
		for _, name := range []string{"A", "B", "C"} {
			h.machine(line, name)
		}
		for i := range 5 {
			must[twin.Item](t)(h.twin.Put(ctx, scope(steel), doc(t, aas.Shell, shell(fmt.Sprint("urn:x:", i), fmt.Sprint("S", i), fmt.Sprint(i))), twin.Way{}))
			must[twin.Item](t)(h.twin.Put(ctx, scope(steel), doc(t, aas.Submodel, fmt.Sprintf(`{"modelType":"Submodel","id":"urn:x:s%d","idShort":"X"}`, i)), twin.Way{}))
		}
		for limit := 1; limit < 12; limit++ {
			for name, c := range map[string]struct {
				want int
				list func(store.Page) ([]twin.Document, string, error)
			}{
				"shells": {10, func(p store.Page) ([]twin.Document, string, error) {
					return h.twin.Shells(ctx, scope(steel), twin.Filter{}, p)
				}},
				"submodels": {19, func(p store.Page) ([]twin.Document, string, error) {
					return h.twin.Submodels(ctx, scope(steel), twin.Filter{}, p)
				}},
			} {
				seen := map[string]bool{}
				pages := 0
				for p := (store.Page{Limit: limit}); ; pages++ {
					docs, next, err := c.list(p)
					if err != nil || len(docs) > limit {
						t.Fatalf("%s by %d: %d %v", name, limit, len(docs), err)
					}
					for _, d := range docs {
						if seen[d.ID] {
							t.Errorf("%s by %d: %s twice", name, limit, d.ID)
						}
						seen[d.ID] = true
					}
					if p.After = next; next == "" || pages > 40 {
						break
					}
				}
				if len(seen) != c.want {
					t.Errorf("%s by %d: %d, want %d", name, limit, len(seen), c.want)
				}
			}
		}
		for _, cursor := range []string{"x", "pzz", "szz", "p9.x", "o"} {
			if _, _, err := h.twin.Shells(ctx, scope(steel), twin.Filter{}, store.Page{After: cursor}); !errors.Is(err, store.ErrCursor) {
				t.Errorf("cursor %q: %v", cursor, err)
			}
		}
	})
}

// Commits that come at the same moment take turns: none fails, and no two have one number, by which each is proved.
func TestCommitsAtTheSameMomentTakeTurns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		const writers, each = 6, 5
		var all errgroup.Group
		for w := range writers {
			all.Go(func() error {
				for i := range each {
					id := fmt.Sprintf("urn:x:%d-%d", w, i)
					if _, err := h.twin.Put(ctx, scope(steel), doc(t, aas.Shell, shell(id, "S", id)), twin.Way{Create: true}); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := all.Wait(); err != nil {
			t.Fatal(err)
		}
		var numbers int
		if err := db.NewSelect().TableExpr("twin_version").ColumnExpr("COUNT(DISTINCT commit_number)").Scan(ctx, &numbers); err != nil || numbers != writers*each {
			t.Errorf("%d commit numbers for %d commits: %v", numbers, writers*each, err)
		}
	})
}
