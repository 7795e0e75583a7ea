package group

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"jingwei/internal/kernel/evidence"
)

// Most is how many records a group has at most.
const Most = 1 << 16

// Secret blinds the records of one group.
type Secret [evidence.SaltSize]byte

// Salt is what blinds the record at a place. Whoever holds it can try records that can be guessed, this one alone.
func (s Secret) Salt(place int) [evidence.SaltSize]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint32(slices.Clone(s[:]), uint32(place)))
}

// node is the tree's hash for a record.
func node(salt [evidence.SaltSize]byte, record []byte) tlog.Hash {
	h := sha256.New()
	h.Write(salt[:])
	h.Write(record)
	return tlog.RecordHash(h.Sum(nil))
}

// tree holds the hashes of a group as tlog numbers them.
type tree []tlog.Hash

func (t tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x < 0 || x >= int64(len(t)) {
			return nil, fmt.Errorf("hash %d of a group of %d hashes", x, len(t))
		}
		out[i] = t[x]
	}
	return out, nil
}

// grow builds the tree over all records of a group.
func grow(secret Secret, records [][]byte) (tree, error) {
	if len(records) == 0 || len(records) > Most {
		return nil, fmt.Errorf("a group of %d records, want 1 to %d", len(records), Most)
	}
	var t tree
	for i, r := range records {
		more, err := tlog.StoredHashesForRecordHash(int64(i), node(secret.Salt(i), r), t)
		if err != nil {
			return nil, err
		}
		t = append(t, more...)
	}
	return t, nil
}

// sealed is the digest of a leaf. It binds the size too: by its root alone a tree may be taken for one of another size.
func sealed(size int, root tlog.Hash) evidence.Hash {
	b := binary.BigEndian.AppendUint32([]byte("jingwei-group/1\n"), uint32(size))
	return sha256.Sum256(append(b, root[:]...))
}

// Digest is what the leaf holds of a group's records.
func Digest(secret Secret, records [][]byte) (evidence.Hash, error) {
	t, err := grow(secret, records)
	if err != nil {
		return evidence.Hash{}, err
	}
	root, err := tlog.TreeHash(int64(len(records)), t)
	return sealed(len(records), root), err
}
