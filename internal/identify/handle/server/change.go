package server

import (
	"context"
	"errors"

	"jingwei/internal/identify/handle"
)

// Create makes a handle: AddHandleRight of its prefix, or, for the handle of a prefix, AddPrefixRight of the prefix that it
// is derived from. With mint the server makes the suffix. With overwrite one that is there is replaced, for which
// DeleteHandleRight over it is needed, too. The name as registered is returned.
func (p *Processor) Create(ctx context.Context, by *Identity, name handle.Name, values []handle.Value, overwrite, mint bool) (handle.Name, error) {
	made, err := p.create(ctx, by, name, values, overwrite, mint)
	return made, p.refusal(err)
}

func (p *Processor) create(ctx context.Context, by *Identity, name handle.Name, values []handle.Value, overwrite, mint bool) (handle.Name, error) {
	checked := name
	if mint && name.Suffix() == "" {
		checked = handle.Name(name.Prefix() + "/x")
	}
	if err := p.homed(checked); err != nil {
		return "", err
	}
	if err := p.mayCreate(ctx, by, checked, handle.AddHandleRight, handle.AddPrefixRight); err != nil {
		return "", err
	}
	if mint {
		made, err := p.config.Holdings.Mint(ctx, name)
		if err != nil {
			return "", err
		}
		name = made
	}
	old, exists, err := p.held(name)
	switch {
	case err != nil:
		return "", err
	case exists && !overwrite:
		return "", &handle.Refusal{Code: handle.AlreadyExists}
	case exists:
		if err := p.allow(ctx, by, name, old, handle.DeleteHandleRight); err != nil {
			return "", err
		}
	}
	if err := handle.CheckValues(name, p.stamped(values)); err != nil {
		return "", err
	}
	return name, p.config.Holdings.Create(ctx, *by, name, p.stamped(values), overwrite)
}

// stamped are values with the time of the change, which is the server's to say.
func (p *Processor) stamped(values []handle.Value) []handle.Value {
	now := uint32(p.config.Now().Unix())
	stamped := make([]handle.Value, len(values))
	for i, v := range values {
		v.Time = now
		stamped[i] = v
	}
	return stamped
}

// homed refuses what is not a handle of a prefix served here.
func (p *Processor) homed(name handle.Name) error {
	if _, err := handle.ParseName(string(name)); err != nil {
		return handle.Refuse(handle.InvalidName, nil, "%v", err)
	}
	err := p.notHeld([]byte(name.Key()))
	if f := (*handle.Refusal)(nil); errors.As(err, &f) && f.Code == handle.NotFound {
		return nil
	}
	return err
}

func (p *Processor) mayCreate(ctx context.Context, by *Identity, name handle.Name, right, prefixRight handle.Rights) error {
	if by == nil {
		return &handle.Refusal{Code: handle.Unauthenticated}
	}
	prefix, ok := name.OfPrefix()
	if !ok {
		return p.allowByPrefix(ctx, by, name.Prefix(), right)
	}
	parent := handle.Parent(prefix)
	if parent == "" {
		parent = handle.NamingPrefix
	}
	return p.allowByPrefix(ctx, by, parent, prefixRight)
}

// existing is a handle that is to be changed: its values, or why it cannot be.
func (p *Processor) existing(by *Identity, name handle.Name) ([]handle.Value, error) {
	values, ok, err := p.held(name)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, p.notHeld([]byte(name.Key()))
	}
	if by == nil {
		return nil, &handle.Refusal{Code: handle.Unauthenticated}
	}
	return values, nil
}

// Delete removes a handle: DeleteHandleRight over it.
func (p *Processor) Delete(ctx context.Context, by *Identity, name handle.Name) error {
	values, err := p.existing(by, name)
	if err == nil {
		err = p.allow(ctx, by, name, values, handle.DeleteHandleRight)
	}
	if err == nil {
		err = p.config.Holdings.Delete(ctx, *by, name)
	}
	return p.refusal(err)
}

// Add adds values: AddValueRight, and AddAdminRight for HS_ADMIN. ValueExists names the indexes that are taken; with
// overwrite they are replaced, which needs the rights to modify them.
func (p *Processor) Add(ctx context.Context, by *Identity, name handle.Name, values []handle.Value, overwrite bool) error {
	return p.refusal(p.add(ctx, by, name, values, overwrite))
}

func (p *Processor) add(ctx context.Context, by *Identity, name handle.Name, values []handle.Value, overwrite bool) error {
	old, err := p.existing(by, name)
	if err != nil {
		return err
	}
	values = p.stamped(values)
	byIndex := indexed(old)
	var need handle.Rights
	var taken []uint32
	for _, v := range values {
		was, exists := byIndex[v.Index]
		switch {
		case exists && overwrite:
			need |= modifyRights(was, v)
		case exists:
			taken = append(taken, v.Index)
		default:
			need |= either(v.Type, handle.AddAdminRight, handle.AddValueRight)
		}
		byIndex[v.Index] = v
	}
	if err := p.allow(ctx, by, name, old, need); err != nil {
		return err
	}
	if len(taken) > 0 {
		return handle.Refuse(handle.ValueExists, taken, "the indexes are taken")
	}
	if err := checkAll(name, values, byIndex); err != nil {
		return err
	}
	return p.config.Holdings.Add(ctx, *by, name, values, overwrite)
}

// Modify replaces values with the same indexes: ModifyValueRight, ModifyAdminRight for HS_ADMIN, and, where one becomes or
// ceases to be HS_ADMIN, the right to add or remove that. ValueNotFound names the indexes that are missing.
func (p *Processor) Modify(ctx context.Context, by *Identity, name handle.Name, values []handle.Value) error {
	return p.refusal(p.modify(ctx, by, name, values))
}

func (p *Processor) modify(ctx context.Context, by *Identity, name handle.Name, values []handle.Value) error {
	old, err := p.existing(by, name)
	if err != nil {
		return err
	}
	values = p.stamped(values)
	byIndex := indexed(old)
	var need handle.Rights
	var missing, fixed []uint32
	for _, v := range values {
		was, ok := byIndex[v.Index]
		if !ok {
			missing = append(missing, v.Index)
			continue
		}
		if was.Permissions&handle.AdminWrite == 0 {
			fixed = append(fixed, v.Index)
		}
		need |= modifyRights(was, v)
		byIndex[v.Index] = v
	}
	if err := p.allow(ctx, by, name, old, need); err != nil {
		return err
	}
	switch {
	case len(missing) > 0:
		return handle.Refuse(handle.ValueNotFound, missing, "there are no such values")
	case len(fixed) > 0:
		return handle.Refuse(handle.NoPermission, fixed, "the values may not be changed by administrators")
	}
	if err := checkAll(name, values, byIndex); err != nil {
		return err
	}
	return p.config.Holdings.Modify(ctx, *by, name, values)
}

// Remove removes values: RemoveValueRight, and RemoveAdminRight for HS_ADMIN. Indexes that are not there are passed over;
// ValueNotFound when none is.
func (p *Processor) Remove(ctx context.Context, by *Identity, name handle.Name, indexes []uint32) error {
	return p.refusal(p.remove(ctx, by, name, indexes))
}

func (p *Processor) remove(ctx context.Context, by *Identity, name handle.Name, indexes []uint32) error {
	old, err := p.existing(by, name)
	if err != nil {
		return err
	}
	byIndex := indexed(old)
	var need handle.Rights
	var found, fixed []uint32
	for _, i := range indexes {
		was, ok := byIndex[i]
		if !ok {
			continue
		}
		delete(byIndex, i)
		found = append(found, i)
		if was.Permissions&handle.AdminWrite == 0 {
			fixed = append(fixed, i)
		}
		need |= either(was.Type, handle.RemoveAdminRight, handle.RemoveValueRight)
	}
	if err := p.allow(ctx, by, name, old, need); err != nil {
		return err
	}
	switch {
	case len(found) == 0:
		return handle.Refuse(handle.ValueNotFound, indexes, "there are no such values")
	case len(fixed) > 0:
		return handle.Refuse(handle.NoPermission, fixed, "the values may not be removed by administrators")
	}
	return p.config.Holdings.Remove(ctx, *by, name, found)
}

func indexed(values []handle.Value) map[uint32]handle.Value {
	m := make(map[uint32]handle.Value, len(values))
	for _, v := range values {
		m[v.Index] = v
	}
	return m
}

// checkAll checks what is written, and that the whole record with it can be held.
func checkAll(name handle.Name, written []handle.Value, whole map[uint32]handle.Value) error {
	if err := handle.CheckValues(name, written); err != nil {
		return err
	}
	if len(whole) > handle.MaxValues {
		return handle.Refuse(handle.InvalidValue, nil, "%d values: at most %d", len(whole), handle.MaxValues)
	}
	all := make([]handle.Value, 0, len(whole))
	for _, v := range whole {
		all = append(all, v)
	}
	if n := handle.RecordSize(name, all); n > handle.MaxRecord {
		return handle.Refuse(handle.InvalidValue, nil, "the record would have %d bytes: at most %d", n, handle.MaxRecord)
	}
	return nil
}

func modifyRights(was, is handle.Value) handle.Rights {
	need := either(was.Type, handle.ModifyAdminRight, handle.ModifyValueRight)
	if was.Type != is.Type {
		if is.Type == handle.TypeAdmin {
			need |= handle.AddAdminRight
		}
		if was.Type == handle.TypeAdmin {
			need |= handle.RemoveAdminRight
		}
	}
	return need
}

func either(typ string, admin, value handle.Rights) handle.Rights {
	if typ == handle.TypeAdmin {
		return admin
	}
	return value
}
