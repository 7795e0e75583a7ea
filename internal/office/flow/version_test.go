package flow

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store/storetest"
)

// A new flow is one file: from an empty folder of packs to a case at its end.
func TestANewFlowIsOneFile(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	packs := fstest.MapFS{}
	open := func() (*Service, error) {
		return New(t.Context(), Options{DB: n.db, Packs: packs, Now: n.service.o.Now})
	}
	in := Opening{Flow: "leave", Org: n.orgs["agency"], Content: []byte(`{"days":3}`)}
	if _, err := proof.Must(open()).Open(n.as(wang), in); !errors.Is(err, ErrFlow) {
		t.Fatalf("without a pack: %v", err)
	}
	packs["flows/leave.yaml"] = &fstest.MapFile{Data: []byte(leave)}
	s := proof.Must(open())
	c, err := s.Open(n.as(wang), in)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = s.Take(n.as(zhao), c.ID, Taking{Action: "grant", Basis: 1}); err != nil || c.State != "granted" || c.Ended == 0 {
		t.Fatalf("%+v, %v", c, err)
	}
	// A running case keeps its version when a new one comes, and even when the pack goes.
	c = proof.Must(s.Open(n.as(wang), in))
	changed := strings.Replace(leave, "to: granted, roles: [chief]}", "to: granted, roles: [chief], when: [{field: days, atMost: 1}]}", 1)
	packs["flows/leave.yaml"] = &fstest.MapFile{Data: []byte(changed)}
	if _, err := open(); err == nil || !strings.Contains(err.Error(), "raise the version") {
		t.Errorf("other content under a published version: %v", err)
	}
	packs["flows/leave.yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(changed, "1.0.0", "1.1.0", 1))}
	s = proof.Must(open())
	fresh := proof.Must(s.Open(n.as(wang), in))
	if _, err := s.Take(n.as(zhao), fresh.ID, Taking{Action: "grant", Basis: 1}); !errors.Is(err, ErrGuard) || fresh.Version != "1.1.0" {
		t.Errorf("a new case: %s, %v", fresh.Version, err)
	}
	delete(packs, "flows/leave.yaml")
	s = proof.Must(open())
	if c, err = s.Take(n.as(zhao), c.ID, Taking{Action: "grant", Basis: 1}); err != nil || c.State != "granted" || c.Version != "1.0.0" {
		t.Errorf("a running case: %+v, %v", c, err)
	}
	if _, err := s.Open(n.as(wang), in); !errors.Is(err, ErrFlow) {
		t.Errorf("a flow that is gone: %v", err)
	}
}

const leave = `id: leave
version: 1.0.0
source: a test
name: {zh: 请假, en: Leave}
case: {zh: 假条, en: Request}
class: internal
title: []
fields:
  - {key: days, name: {zh: 天数, en: Days}, type: integer, min: 1, max: 30}
roles:
  - {id: worker, name: {zh: 职工, en: Worker}, of: owner}
  - {id: chief, name: {zh: 主管, en: Chief}, of: owner, verb: configure}
states:
  - {id: asked, name: {zh: 待批, en: Asked}, awaits: [chief]}
  - {id: granted, name: {zh: 准假, en: Granted}, final: true}
start: {name: {zh: 请假, en: Ask}, to: asked, roles: [worker], fields: [days]}
transitions:
  - {id: grant, name: {zh: 准假, en: Grant}, from: [asked], to: granted, roles: [chief]}
deadlines:
  - {id: answer, name: {zh: 批复, en: Answer}, role: chief, in: [asked], days: 2, unit: working}
`
