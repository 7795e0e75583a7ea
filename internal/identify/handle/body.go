package handle

import (
	"encoding/binary"
	"slices"
)

// Question asks for values of a handle: those of the indexes and those of the types; with neither, for all.
type Question struct {
	Name    Name
	Indexes []uint32
	Types   []string // one that ends with a dot stands for all that begin with it
}

// AppendQuestion appends the body of a resolution.
func AppendQuestion(dst []byte, q Question) []byte {
	dst = appendStr(dst, q.Name)
	dst = appendIndexes(dst, q.Indexes)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(q.Types)))
	for _, t := range q.Types {
		dst = appendStr(dst, t)
	}
	return dst
}

func appendIndexes(dst []byte, indexes []uint32) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(indexes)))
	for _, i := range indexes {
		dst = binary.BigEndian.AppendUint32(dst, i)
	}
	return dst
}

func (r *reader) indexes() []uint32 {
	n := r.count("number of indexes", MaxFilters, 4)
	var indexes []uint32
	for range n {
		indexes = append(indexes, r.u32("index"))
	}
	return indexes
}

// DecodeQuestion reads the body of a resolution. The error is a *FormatError.
func DecodeQuestion(body []byte) (Question, error) {
	var v QuestionView
	if err := v.Decode(body); err != nil {
		return Question{}, err
	}
	q := Question{Name: Name(v.Name)}
	for i := 0; i < len(v.indexes); i += 4 {
		q.Indexes = append(q.Indexes, binary.BigEndian.Uint32(v.indexes[i:]))
	}
	r := reader{b: v.types}
	for r.left() > 0 {
		q.Types = append(q.Types, string(r.str("type", MaxType)))
	}
	return q, nil
}

// QuestionView is a question in the bytes of its message, for the path that allocates nothing.
type QuestionView struct {
	Name    []byte
	indexes []byte // four bytes each
	types   []byte // each with its length
}

// Decode reads the body of a resolution; bytes after it are passed over. The error is a *FormatError.
func (q *QuestionView) Decode(body []byte) error {
	r := reader{b: body}
	q.Name = r.str("handle", MaxName)
	q.indexes = r.take("indexes", 4*r.count("number of indexes", MaxFilters, 4))
	n := r.count("number of types", MaxFilters, 4)
	at := r.off
	for range n {
		r.str("type", MaxType)
	}
	if r.err != nil {
		return r.err
	}
	q.types = body[at:r.off]
	return nil
}

// All reports whether the question names neither indexes nor types.
func (q *QuestionView) All() bool { return len(q.indexes) == 0 && len(q.types) == 0 }

// HasIndex reports whether the question names the index itself.
func (q *QuestionView) HasIndex(index uint32) bool {
	for i := 0; i < len(q.indexes); i += 4 {
		if binary.BigEndian.Uint32(q.indexes[i:]) == index {
			return true
		}
	}
	return false
}

// HasType reports whether the question names the type, itself or as one that begins with it.
func (q *QuestionView) HasType(typ []byte) bool {
	for rest := q.types; len(rest) >= 4; {
		n := int(binary.BigEndian.Uint32(rest))
		if TypeMatches(typ, rest[4:4+n]) {
			return true
		}
		rest = rest[4+n:]
	}
	return false
}

// AppendRemoval appends the body of RemoveValue: the handle and the indexes.
func AppendRemoval(dst []byte, name Name, indexes []uint32) []byte {
	return appendIndexes(appendStr(dst, name), indexes)
}

// DecodeRemoval reads the body of RemoveValue. The error is a *FormatError.
func DecodeRemoval(body []byte) (Name, []uint32, error) {
	r := reader{b: body}
	name := Name(r.str("handle", MaxName))
	indexes := r.indexes()
	return name, indexes, r.err
}

// AppendName appends a body that is one handle: delete, list, home, and many others.
func AppendName(dst []byte, name Name) []byte { return appendStr(dst, name) }

// DecodeName reads such a body; one that is empty names no handle. The error is a *FormatError.
func DecodeName(body []byte) (Name, error) {
	if len(body) == 0 {
		return "", nil
	}
	r := reader{b: body}
	name := Name(r.str("handle", MaxName))
	return name, r.err
}

// AppendNames appends the answer of a list: the number of handles and the handles.
func AppendNames(dst []byte, names []Name) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(names)))
	for _, n := range names {
		dst = appendStr(dst, n)
	}
	return dst
}

// DecodeNames reads the answer of a list. The error is a *FormatError.
func DecodeNames(body []byte) ([]Name, error) {
	r := reader{b: body}
	n := r.count("number of handles", MaxMessage/4, 4)
	names := make([]Name, 0, n)
	for range n {
		names = append(names, Name(r.str("handle", MaxName)))
	}
	return names, r.err
}

// AppendReferral appends the body of a 302 or 303: the handle that holds the HS_SITE values, or none and these values.
func AppendReferral(dst []byte, to Name, values []Value) []byte {
	dst = appendStr(dst, to)
	if len(values) == 0 {
		return dst
	}
	return AppendValues(dst, values)
}

// DecodeReferral reads the body of a 302 or 303. The error is a *FormatError.
func DecodeReferral(body []byte) (Name, []Value, error) {
	r := reader{b: body}
	to := Name(r.str("referral", MaxName))
	var values []Value
	if r.left() > 0 {
		values = r.values()
	}
	return to, values, r.err
}

// AppendRefusal appends the body of an error: its text, which is there even when it is empty, and the indexes concerned.
func AppendRefusal(dst []byte, message string, indexes []uint32) []byte {
	dst = appendStr(dst, message)
	if len(indexes) == 0 {
		return dst
	}
	return appendIndexes(dst, indexes)
}

// DecodeRefusal reads the body of an error; one that is empty or cut tells as much as it holds.
func DecodeRefusal(code Code, body []byte) *Refusal {
	f := &Refusal{Code: code}
	r := reader{b: body}
	f.Message = string(r.str("message", MaxMessage))
	if r.err == nil && r.left() >= 4 {
		if indexes := r.indexes(); r.err == nil {
			f.Indexes = indexes
		}
	}
	return f
}

// Verification is the body of operation 201: a server that does not hold a secret asks the one that does whether an answer
// to a challenge proves it.
type Verification struct {
	User      Reference
	Challenge Challenge
	Signed    []byte
}

// AppendVerification appends the body of operation 201.
func AppendVerification(dst []byte, v Verification) []byte {
	dst = appendStr(dst, v.User.Handle)
	dst = binary.BigEndian.AppendUint32(dst, v.User.Index)
	dst = appendStr(dst, v.Challenge.Nonce)
	dst = append(dst, byte(v.Challenge.Digest.Algorithm))
	dst = append(dst, v.Challenge.Digest.Sum...)
	return appendStr(dst, v.Signed)
}

// DecodeVerification reads the body of operation 201; the digest may stand there with a length, too. The error is a
// *FormatError.
func DecodeVerification(body []byte) (Verification, error) {
	r := reader{b: body}
	v := Verification{User: Reference{Handle: Name(r.str("user", MaxName))}}
	v.User.Index = r.u32("user's index")
	v.Challenge.Nonce = slices.Clone(r.str("nonce", 1024))
	v.Challenge.Digest = r.digest()
	v.Signed = slices.Clone(r.str("answer", MaxAnswer))
	return v, r.err
}
