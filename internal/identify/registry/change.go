package registry

import (
	"slices"
	"strings"

	"jingwei/internal/identify/handle"
)

// Change is what somebody wants done to one identifier.
type Change struct {
	Operation Operation // Create, Delete, Add, Modify or Remove
	Name      handle.Name
	Values    []handle.Value
	Indexes   []uint32 // of Remove
	Overwrite bool     // Create may replace what is there, Add what stands at an index
	// Basis is the serial that the caller has seen; 0 where that does not matter.
	Basis int64
}

// next is the record that a change makes of what is held under a name; nil after a deletion. now, in unix seconds, becomes the time of the
// values that change. done is the operation as it is kept. The error is a *handle.Refusal.
func (c *Change) next(old []byte, now uint32) (record []byte, done Operation, err error) {
	switch {
	case old == nil && c.Operation != Create:
		return nil, "", handle.Refuse(handle.NotFound, nil, "%s", c.Name)
	case old != nil && c.Operation == Create && !c.Overwrite:
		return nil, "", handle.Refuse(handle.AlreadyExists, nil, "%s", c.Name)
	case c.Operation == Delete:
		return nil, Delete, nil
	}
	name, held := c.Name, []handle.Value(nil)
	if old != nil {
		if name, held, err = handle.DecodeRecord(old); err != nil {
			return nil, "", err
		}
	}
	done = c.Operation
	switch c.Operation {
	case Create:
		if held = stamped(c.Values, now); old != nil {
			done = Replace
		}
	case Add, Modify:
		if held, err = c.merge(held, now); err != nil {
			return nil, "", err
		}
	case Remove:
		held = slices.DeleteFunc(held, func(v handle.Value) bool { return slices.Contains(c.Indexes, v.Index) })
	default:
		return nil, "", handle.Refuse(handle.NotSupported, nil, "operation %s", c.Operation)
	}
	if err := handle.CheckValues(name, held); err != nil {
		return nil, "", err
	}
	return handle.AppendRecord(make([]byte, 0, handle.RecordSize(name, held)), name, held), done, nil
}

func (c *Change) merge(held []handle.Value, now uint32) ([]handle.Value, error) {
	var wrong []uint32
	for _, v := range stamped(c.Values, now) {
		at := slices.IndexFunc(held, func(h handle.Value) bool { return h.Index == v.Index })
		switch {
		case c.Operation == Add && at >= 0 && !c.Overwrite, c.Operation == Modify && at < 0:
			wrong = append(wrong, v.Index)
		case at >= 0:
			held[at] = v
		default:
			held = append(held, v)
		}
	}
	if len(wrong) > 0 {
		code := handle.ValueExists
		if c.Operation == Modify {
			code = handle.ValueNotFound
		}
		return nil, handle.Refuse(code, wrong, "%s", c.Name)
	}
	return held, nil
}

// stamped are values whose time is now.
func stamped(values []handle.Value, now uint32) []handle.Value {
	out := slices.Clone(values)
	for i := range out {
		out[i].Time = now
	}
	return out
}

// check tells what is wrong with a change before anything is looked up. The error is a *handle.Refusal.
func (c *Change) check() error {
	name, err := handle.ParseName(string(c.Name))
	if err != nil {
		return handle.Refuse(handle.InvalidName, nil, "%s", err)
	}
	if strings.ContainsRune(string(name), 0) {
		return handle.Refuse(handle.InvalidName, nil, "a name holds no NUL")
	}
	return handle.CheckValues(name, c.Values)
}
