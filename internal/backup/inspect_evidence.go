package backup

import (
	"context"
	"fmt"
	"path"
	"strings"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/text"
)

// evidenceKeys is the file, in the data folder, of the public keys of the node's own evidence log.
const evidenceKeys = "evidence.vkey"

// evidence reads the evidence log of a data folder with the node's own keys. Whoever does not trust the folder asks
// `jingwei verify log`, with keys from elsewhere. In a snapshot the pieces' hashes have told already.
func (n *inspection) evidence(ctx context.Context) error {
	d, ok := n.tree.(*folder)
	if !ok || n.names[evidenceDir+"/checkpoint"] == 0 {
		return nil
	}
	keys, err := n.evidenceKeys()
	if err != nil || len(keys) == 0 {
		return err
	}
	r, err := evidence.Verify(ctx, evidence.VerifyOptions{FS: n.fs, Dir: d.path(evidenceDir), Origin: evidence.OriginOf(keys[0]), Keys: keys})
	if err != nil {
		return err
	}
	for _, p := range r.Problems {
		n.find(Finding{File: path.Join(evidenceDir, p.File), Offset: -1, What: strings.TrimPrefix(p.Place+": "+p.What, ": "), Means: text.Text{
			Zh: "存证日志与其签名的检查点不符：受影响的条目不能再被证明；样本本身不受影响。",
			En: "The evidence log is not what its signed checkpoint says: the entries concerned cannot be proved any more; the samples themselves are untouched.",
		}, Mend: restoreIt})
	}
	if r.More > 0 {
		n.find(Finding{File: evidenceDir, Offset: -1, What: fmt.Sprintf("%d more problems", r.More)})
	}
	return nil
}

// evidenceKeys reads the public keys, wherever the node keeps them.
func (n *inspection) evidenceKeys() (keys []evidence.Verifier, err error) {
	for _, f := range n.all {
		if path.Base(f.name) != evidenceKeys {
			continue
		}
		b, err := n.whole(f.name, 1<<16)
		if err != nil {
			return nil, err
		}
		for _, line := range strings.Fields(string(b)) {
			v, err := evidence.ParseVerifier(line)
			if err != nil {
				n.find(Finding{File: f.name, Offset: -1, What: err.Error(), Mend: restoreIt, Means: text.Text{
					Zh: "这是存证日志的公钥文件。", En: "These are the public keys of the evidence log.",
				}})
				continue
			}
			keys = append(keys, v)
		}
		return keys, nil
	}
	return nil, nil
}
