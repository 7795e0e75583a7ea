package account_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/account"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

// BenchmarkRequest is the cost of the whole door for one small answer: token looked up, roles worked out, audit-free.
func BenchmarkRequest(b *testing.B) {
	ctx := context.Background()
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	db := storetest.SQLite(b)
	orgs, err := org.New(ctx, db, time.Now)
	must(err)
	people, err := auth.New(ctx, auth.Options{DB: db, Orgs: orgs, Now: time.Now})
	must(err)
	o, err := orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: text.Text{En: "A"}, Home: true}, uuid.Nil)
	must(err)
	_, token, err := people.CreateToken(ctx, auth.System(o.ID), "bench", auth.Viewer, time.Now().Add(time.Hour))
	must(err)
	s, err := api.New(ctx, api.Options{Auth: people, DB: db})
	must(err)
	(&account.Service{DB: db, Auth: people, Orgs: orgs, Conditions: board{}}).Routes(s)
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("GET", "/api/v1/conditions", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
}
