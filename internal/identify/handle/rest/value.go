package rest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"jingwei/internal/identify/handle"
)

// Value is a value in JSON.
type Value struct {
	Index       uint32      `json:"index"`
	Type        string      `json:"type"`
	Data        Data        `json:"data"`
	Permissions string      `json:"permissions,omitempty"` // four digits; left out when 1110
	TTL         *TTL        `json:"ttl,omitempty"`         // seconds, or a time (RFC 3339); a day when it is left out
	Timestamp   string      `json:"timestamp,omitempty"`   // RFC 3339; the server's to say
	References  []Reference `json:"references,omitempty"`
}

// Reference is a value of a handle in JSON.
type Reference struct {
	Handle handle.Name `json:"handle"`
	Index  uint32      `json:"index"`
}

// Data is a value's data: text, base64, hex, or what the type means.
type Data struct {
	Format string          `json:"format"` // string, base64, hex, admin, vlist, site, key
	Value  json.RawMessage `json:"value"`
}

// UnmarshalJSON also takes a bare string for text.
func (d *Data) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*d = Data{Format: "string", Value: append(json.RawMessage(nil), b...)}
		return nil
	}
	type plain Data
	return json.Unmarshal(b, (*plain)(d))
}

// TTL is a duration in seconds or a time.
type TTL handle.TTL

// MarshalJSON writes seconds, or a time.
func (t TTL) MarshalJSON() ([]byte, error) {
	if t.Absolute {
		return json.Marshal(time.Unix(int64(t.Seconds), 0).UTC().Format(time.RFC3339))
	}
	return strconv.AppendUint(nil, uint64(t.Seconds), 10), nil
}

// UnmarshalJSON reads seconds, or a time from 1970 to 2106.
func (t *TTL) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var at time.Time
		if err := json.Unmarshal(b, &at); err != nil {
			return err
		}
		if s := at.Unix(); s < 0 || s > 1<<32-1 {
			return fmt.Errorf("ttl %s: 1970 to 2106", b)
		}
		*t = TTL{Absolute: true, Seconds: uint32(at.Unix())}
		return nil
	}
	*t = TTL{}
	return json.Unmarshal(b, &t.Seconds)
}

// valueOf is a value in JSON.
func valueOf(v handle.Value) Value {
	ttl := TTL(v.TTL)
	j := Value{Index: v.Index, Type: v.Type, Data: dataOf(v), TTL: &ttl}
	if v.Time != 0 {
		j.Timestamp = time.Unix(int64(v.Time), 0).UTC().Format(time.RFC3339)
	}
	if v.Permissions != handle.DefaultPermissions {
		j.Permissions = fmt.Sprintf("%04b", v.Permissions)
	}
	for _, r := range v.References {
		j.References = append(j.References, Reference(r))
	}
	return j
}

// Value reads it back. The error is a *handle.Refusal with InvalidValue.
func (j Value) Value() (handle.Value, error) {
	v := handle.Value{Index: j.Index, Type: j.Type, TTL: handle.DefaultTTL, Permissions: handle.DefaultPermissions}
	if j.TTL != nil {
		v.TTL = handle.TTL(*j.TTL)
	}
	if j.Permissions != "" {
		bits, err := strconv.ParseUint(j.Permissions, 2, 4)
		if err != nil || len(j.Permissions) != 4 {
			return v, handle.Refuse(handle.InvalidValue, []uint32{j.Index}, "permissions %q of value %d: four digits 0 or 1", j.Permissions, j.Index)
		}
		v.Permissions = handle.Permissions(bits)
	}
	for _, r := range j.References {
		v.References = append(v.References, handle.Reference(r))
	}
	data, err := j.Data.bytes()
	if err != nil {
		return v, handle.Refuse(handle.InvalidValue, []uint32{j.Index}, "data of value %d: %v", j.Index, err)
	}
	v.Data = data
	return v, nil
}

// dataOf is a value's data by what its type means, else as text, else in base64.
func dataOf(v handle.Value) Data {
	switch v.Type {
	case handle.TypeAdmin:
		if a, err := handle.DecodeAdmin(v.Data); err == nil {
			return data("admin", adminJSON{Handle: a.Handle, Index: a.Index, Permissions: a.Rights.Text()})
		}
	case handle.TypeVList:
		if l, err := handle.DecodeVList(v.Data); err == nil {
			list := make([]Reference, len(l))
			for i, r := range l {
				list[i] = Reference(r)
			}
			return data("vlist", list)
		}
	case handle.TypeSite, handle.TypeSitePrefix:
		if s, err := handle.DecodeSite(v.Data); err == nil {
			return data("site", siteOf(s))
		}
	case handle.TypePublicKey:
		if k, ok := keyOf(v.Data); ok {
			return data("key", k)
		}
	}
	if utf8.Valid(v.Data) && !slices.ContainsFunc(v.Data, control) {
		return data("string", string(v.Data))
	}
	return data("base64", base64.StdEncoding.EncodeToString(v.Data))
}

// control reports whether a byte belongs to data rather than text.
func control(c byte) bool { return c < 0x20 && c != '\t' && c != '\n' && c != '\r' || c == 0x7f }

func data(format string, value any) Data {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(err) // of strings and numbers
	}
	return Data{Format: format, Value: raw}
}

type adminJSON struct {
	Handle      handle.Name `json:"handle"`
	Index       uint32      `json:"index"`
	Permissions string      `json:"permissions"` // twelve digits
}

// bytes are the data as they are held.
func (d Data) bytes() ([]byte, error) {
	text := func() (string, error) {
		var s string
		if err := json.Unmarshal(d.Value, &s); err != nil {
			return "", fmt.Errorf("format %s: a JSON string", d.Format)
		}
		return s, nil
	}
	switch d.Format {
	case "string", "":
		s, err := text()
		return []byte(s), err
	case "base64":
		s, err := text()
		if err != nil {
			return nil, err
		}
		return base64.StdEncoding.DecodeString(s)
	case "hex":
		s, err := text()
		if err != nil {
			return nil, err
		}
		return hex.DecodeString(s)
	case "admin":
		var a adminJSON
		if err := json.Unmarshal(d.Value, &a); err != nil {
			return nil, err
		}
		rights, err := handle.ParseRights(a.Permissions)
		return handle.AppendAdmin(nil, handle.Admin{Rights: rights, Reference: handle.Reference{Handle: a.Handle, Index: a.Index}}), err
	case "vlist":
		var list []Reference
		if err := json.Unmarshal(d.Value, &list); err != nil {
			return nil, err
		}
		refs := make([]handle.Reference, len(list))
		for i, r := range list {
			refs[i] = handle.Reference(r)
		}
		return handle.AppendVList(nil, refs), nil
	case "site":
		return siteBytes(d.Value)
	case "key":
		return keyBytes(d.Value)
	}
	return nil, fmt.Errorf("format %q: string, base64, hex, admin, vlist, site or key", d.Format)
}
