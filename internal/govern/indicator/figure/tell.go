package figure

// TellProof proves records that were told before it: all that one commit wrote, blinded, the leaf in the giver's evidence log that holds
// their root, and where that stands under a signed checkpoint.
type TellProof struct {
	Commit int64
	Items  []Hash // blinded, in the commit's order
	Own    []Own  // those of them that are records of this stream
	Proof  []byte // evidence.Proof
}

// Own opens one blinded item.
type Own struct {
	Place int // among the items
	Salt  Hash
}

const (
	maxItems     = 7000
	maxProofFile = 24 << 10
)

func (x *TellProof) encode(w *wire) {
	w.number(x.Commit)
	w.count(len(x.Items))
	for _, h := range x.Items {
		w.hash(h)
	}
	w.count(len(x.Own))
	for _, o := range x.Own {
		w.count(o.Place)
		w.hash(o.Salt)
	}
	w.bytes(x.Proof)
}

func (x *TellProof) decode(r *unwire) {
	x.Commit = r.number("a commit")
	for range r.count(maxItems, "items") {
		if r.err != nil {
			return
		}
		x.Items = append(x.Items, r.hash("an item"))
	}
	for range r.count(maxItems, "own items") {
		o := Own{r.count(maxItems, "a place"), r.hash("a salt")}
		if r.err == nil && (o.Place >= len(x.Items) || len(x.Own) > 0 && x.Own[len(x.Own)-1].Place >= o.Place) {
			r.fail("place %d of %d items", o.Place, len(x.Items))
		}
		if r.err != nil {
			return
		}
		x.Own = append(x.Own, o)
	}
	x.Proof = r.bytes(maxProofFile, "a proof")
}
