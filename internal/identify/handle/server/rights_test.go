package server_test

import (
	"fmt"
	"testing"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/client"
	"jingwei/internal/identify/handle/handletest"
	"jingwei/internal/identify/handle/server"
)

// secretOf is an administrator of his own: a handle with a secret key at index 1.
func secretOf(shelf *handletest.Shelf, name handle.Name) client.Signer {
	v := handletest.Text(1, handle.TypeSecretKey, "of "+string(name))
	v.Permissions = handle.AdminRead | handle.AdminWrite
	shelf.Put(name, v)
	return client.Secret{Who: handle.Reference{Handle: name, Index: 1}, Secret: v.Data}
}

// TestRightsByTable asks for each operation with all rights, with all but the one that it needs, and as a stranger.
func TestRightsByTable(t *testing.T) {
	shelf := handletest.NewShelf()
	shelf.PutPrefix("88.1")
	n := start(t, shelf, server.Limits{})
	target := n.Targets()[1]
	c := ask()
	who := secretOf(shelf, "88.1/who")
	stranger := secretOf(shelf, "88.1/stranger")
	ctx := t.Context()
	admin := func(rights handle.Rights) handle.Value { return handletest.AdminValue(100, rights, "88.1/who", 1) }
	hidden := handletest.Text(3, "HIDDEN", "x")
	hidden.Permissions = handle.AdminRead | handle.AdminWrite
	fixed := handletest.Text(4, "FIXED", "x")
	fixed.Permissions = handle.AdminRead | handle.PublicRead
	put := func(rights handle.Rights) {
		shelf.Put("88.1/x", admin(rights), handletest.Text(1, "URL", "a"), hidden, fixed)
		shelf.Put("0.NA/88.1", admin(rights))
		shelf.Put("0.NA/0.NA", admin(rights))
		shelf.Put("88.1/none", handletest.Text(1, "URL", "a")) // without HS_ADMIN: its prefix's count
	}
	for _, row := range []struct {
		name string
		need handle.Rights
		do   func(by client.Signer) error
	}{
		{"create", handle.AddHandleRight, func(by client.Signer) error {
			_, err := c.Create(ctx, target, "88.1/new", nil, 0, by)
			shelf.Delete(ctx, server.Identity{}, "88.1/new")
			return err
		}},
		{"overwrite", handle.DeleteHandleRight, func(by client.Signer) error {
			_, err := c.Create(ctx, target, "88.1/x", nil, handle.FlagOverwrite, by)
			return err
		}},
		{"delete", handle.DeleteHandleRight, func(by client.Signer) error { return c.ByName(ctx, target, handle.DeleteHandle, "88.1/x", by) }},
		{"add", handle.AddValueRight, func(by client.Signer) error {
			return c.Change(ctx, target, handle.AddValue, "88.1/x", []handle.Value{handletest.Text(9, "T", "")}, 0, by)
		}},
		{"add where the prefix decides", handle.AddValueRight, func(by client.Signer) error {
			return c.Change(ctx, target, handle.AddValue, "88.1/none", []handle.Value{handletest.Text(9, "T", "")}, 0, by)
		}},
		{"add an administrator", handle.AddAdminRight, func(by client.Signer) error {
			return c.Change(ctx, target, handle.AddValue, "88.1/x", []handle.Value{handletest.AdminValue(101, 0, "88.1/y", 1)}, 0, by)
		}},
		{"modify", handle.ModifyValueRight, func(by client.Signer) error {
			return c.Change(ctx, target, handle.ModifyValue, "88.1/x", []handle.Value{handletest.Text(1, "URL", "b")}, 0, by)
		}},
		{"modify an administrator", handle.ModifyAdminRight, func(by client.Signer) error {
			return c.Change(ctx, target, handle.ModifyValue, "88.1/x", []handle.Value{handletest.AdminValue(100, 0, "88.1/y", 1)}, 0, by)
		}},
		{"make a value an administrator", handle.AddAdminRight, func(by client.Signer) error {
			return c.Change(ctx, target, handle.ModifyValue, "88.1/x", []handle.Value{handletest.AdminValue(1, handle.AllRights, "88.1/y", 1)}, 0, by)
		}},
		{"remove", handle.RemoveValueRight, func(by client.Signer) error { return c.Remove(ctx, target, "88.1/x", []uint32{1}, by) }},
		{"remove an administrator", handle.RemoveAdminRight, func(by client.Signer) error { return c.Remove(ctx, target, "88.1/x", []uint32{100}, by) }},
		{"list", handle.ListHandlesRight, func(by client.Signer) error {
			_, err := c.List(ctx, target, handle.ListHandles, "0.NA/88.1", by)
			return err
		}},
		{"read what is not public", handle.ReadValueRight, func(by client.Signer) error {
			_, _, err := c.Resolve(ctx, target, handle.Question{Name: "88.1/x", Indexes: []uint32{3}}, 0, by)
			return err
		}},
	} {
		for how, want := range map[string]handle.Code{"all": handle.Success, "all but one": handle.NoPermission, "stranger": handle.InvalidAdmin, "nobody": handle.Unauthenticated} {
			by, rights := who, handle.AllRights
			switch how {
			case "all but one":
				rights = handle.AllRights &^ row.need
			case "stranger":
				by = stranger
			case "nobody":
				by = nil
			}
			put(rights)
			if err := row.do(by); code(err) != want {
				t.Errorf("%s, %s: %v, want %v", row.name, how, err, want)
			}
		}
	}
	put(handle.AllRights)
	if err := c.Change(ctx, target, handle.ModifyValue, "88.1/x", []handle.Value{handletest.Text(4, "FIXED", "b")}, 0, who); code(err) != handle.NoPermission {
		t.Errorf("a value without the administrators' write bit: %v", err)
	}
	if err := c.ByName(ctx, target, handle.HomePrefix, "0.NA/88.5", who); code(err) != handle.InvalidAdmin {
		t.Errorf("who is no operator homes: %v", err)
	}
}

func TestPrefixesAreMadeByTheAdministratorsOfTheirParent(t *testing.T) {
	shelf := handletest.NewShelf("0.NA")
	shelf.PutPrefix("88.1")
	shelf.Put("0.NA/0.NA", handletest.AdminValue(100, handle.AllRights, "0.NA/88.1", 301))
	n := start(t, shelf, server.Limits{})
	by := handletest.By("88.1")
	for name, how := range map[handle.Name]string{"0.NA/88.1.1": "key", "0.NA/88.1.2": "secret", "0.NA/99": "secret"} {
		if _, err := ask().Create(t.Context(), n.Targets()[1], name, nil, 0, by[how]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ask().Create(t.Context(), n.Targets()[1], "0.NA/100", nil, 0, by["key"]); code(err) != handle.InvalidAdmin {
		t.Errorf("%v", err)
	}
	names, err := ask().List(t.Context(), n.Targets()[1], handle.ListDerived, "0.NA/88.1", by["key"])
	if err != nil || fmt.Sprint(names) != "[0.NA/88.1.1 0.NA/88.1.2]" {
		t.Errorf("%v %v", names, err)
	}
}

func TestListsOfAdministratorsNest(t *testing.T) {
	shelf := handletest.NewShelf()
	shelf.PutPrefix("88.1")
	n := start(t, shelf, server.Limits{})
	who := secretOf(shelf, "88.1/who")
	list := func(index uint32, refs ...handle.Reference) handle.Value {
		v := handletest.Text(index, handle.TypeVList, "")
		v.Data = handle.AppendVList(nil, refs)
		return v
	}
	// 200 names 201, which names itself, 200 and who: a circle ends.
	shelf.Put("88.1/group", list(200, handle.Reference{Handle: "88.1/group", Index: 201}),
		list(201, handle.Reference{Handle: "88.1/group", Index: 200}, handle.Reference{Handle: "88.1/who", Index: 1}))
	shelf.Put("88.1/x", handletest.AdminValue(100, handle.AllRights, "88.1/group", 200))
	shelf.Put("88.1/y", handletest.AdminValue(100, handle.AllRights, "88.1/who", 0)) // any key of the handle
	shelf.Put("88.1/z", handletest.AdminValue(100, handle.AllRights, "88.1/group", 199))
	for name, want := range map[handle.Name]handle.Code{"88.1/x": handle.Success, "88.1/y": handle.Success, "88.1/z": handle.InvalidAdmin} {
		if err := ask().ByName(t.Context(), n.Targets()[1], handle.DeleteHandle, name, who); code(err) != want {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}

func TestWhoCannotProveIt(t *testing.T) {
	shelf := handletest.NewShelf()
	shelf.PutPrefix("88.1")
	n := start(t, shelf, server.Limits{})
	ref := func(i uint32) handle.Reference { return handle.Reference{Handle: "0.NA/88.1", Index: i} }
	for name, row := range map[string]struct {
		by   client.Signer
		want handle.Code
	}{
		"wrong secret":          {client.Secret{Who: ref(301), Secret: []byte("x")}, handle.AuthenticationFailed},
		"no such key":           {client.Secret{Who: ref(302), Secret: []byte(handletest.Secret)}, handle.CannotAuthenticate},
		"a key of another kind": {client.Key{Who: ref(301), Private: handletest.RSAKey()}, handle.CannotAuthenticate},
		"held elsewhere":        {client.Secret{Who: handle.Reference{Handle: "99/x", Index: 1}, Secret: []byte("x")}, handle.CannotAuthenticate},
		"no handle":             {client.Secret{Who: handle.Reference{Handle: "99", Index: 1}, Secret: []byte("x")}, handle.InvalidAdmin},
		"index left open":       {client.Key{Who: ref(0), Private: handletest.RSAKey()}, handle.Success},
	} {
		shelf.Put("88.1/x", handletest.Text(1, "URL", "a"))
		if err := ask().ByName(t.Context(), n.Targets()[0], handle.DeleteHandle, "88.1/x", row.by); code(err) != row.want {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
	}
}
