package registry

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/client"
	"jingwei/internal/identify/handle/handletest"
	"jingwei/internal/identify/handle/server"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// TestTheRegistryOverTheWire does what an administrator does, over each door and with each key, against a running server.
func TestTheRegistryOverTheWire(t *testing.T) {
	w := open(t, storetest.SQLite(t), file.OS(), t.TempDir())
	na := handle.PrefixHandle("88.101")
	secret := handletest.Text(301, handle.TypeSecretKey, handletest.Secret)
	secret.Permissions = handle.AdminRead | handle.AdminWrite
	_, err := w.Allocate(admin, Allocation{Prefix: "88.101", Org: steel, State: Homed, Reason: "test", Values: []handle.Value{
		handletest.AdminValue(100, handle.AllRights, na, 300), handletest.AdminValue(101, handle.AllRights, na, 301), handletest.KeyValue(300, &handletest.RSAKey().PublicKey), secret}})
	w.must(err)
	_, err = w.Allocate(admin, Allocation{Prefix: "88.102", Org: steel, State: Delegated, Reason: "test", Values: []handle.Value{handletest.Text(1, handle.TypeService, "0.SITE/88.102")}})
	w.must(err)
	n := handletest.Start(t, server.Config{Holdings: w.Service, Operators: []handle.Reference{{Handle: na, Index: 300}}}, nil)
	c := &client.Client{Now: time.Now}
	code := func(err error, want handle.Code) {
		t.Helper()
		w.refused(err, want)
	}
	for how, signer := range handletest.By("88.101") {
		for i, at := range n.Targets() {
			name := handle.Name(fmt.Sprintf("88.101/%s-%d", how, i))
			resolve := func() string {
				t.Helper()
				_, values, err := c.Resolve(bg, at, handle.Question{Name: name}, 0, nil)
				if err != nil {
					return err.Error()
				}
				out := ""
				for _, v := range values {
					out += fmt.Sprintf("%d=%s ", v.Index, v.Data)
				}
				return out
			}
			_, err := c.Create(bg, at, name, []handle.Value{handletest.Text(1, "URL", "one"), handletest.AdminValue(100, handle.AllRights, na, 0)}, 0, nil)
			if err == nil {
				t.Fatal("created by nobody")
			}
			if _, err = c.Create(bg, at, name, []handle.Value{handletest.Text(1, "URL", "one")}, 0, signer); err != nil {
				t.Fatalf("%s by %s: %v", name, how, err)
			}
			if got := resolve(); got != "1=one " {
				t.Errorf("over %v: %q", at.Protocol, got)
			}
			_, err = c.Create(bg, at, name, nil, 0, signer)
			code(err, handle.AlreadyExists)
		}
		past, _, err := w.History(engineer, handle.Name("88.101/"+how+"-0"), store.Page{})
		if err != nil || len(past) != 1 || past[0].By.Kind != "handle" || past[0].By.Name == "" {
			t.Errorf("%+v, %v", past, err)
		}
	}
	for _, at := range n.Targets() {
		_, _, err := c.Resolve(bg, at, handle.Question{Name: "88.101/none"}, 0, nil)
		code(err, handle.NotFound)
		_, _, err = c.Resolve(bg, at, handle.Question{Name: "77/none"}, 0, nil)
		code(err, handle.NotResponsible)
		if _, _, err = c.Resolve(bg, at, handle.Question{Name: "88.102/x"}, 0, nil); err == nil {
			t.Error("a delegated prefix is answered")
		}
		var r *handle.Refusal
		if errors.As(err, &r) && r.Code == handle.NotFound {
			t.Errorf("a delegated prefix: %v", err)
		}
	}
	w.must(c.ByName(bg, n.Targets()[1], handle.HomePrefix, "0.NA/88.777", handletest.By("88.101")["key"]))
	if p, ok := w.prefixes.get("88.777"); !ok || p.State != Homed || p.Org != node {
		t.Errorf("%+v", p)
	}
	names, err := c.List(bg, n.Targets()[1], handle.ListHandles, na, handletest.By("88.101")["key"])
	if err != nil || len(names) != 6 {
		t.Errorf("%v, %v", names, err)
	}
}
