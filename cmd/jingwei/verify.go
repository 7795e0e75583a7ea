package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/file"
)

func verifyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "verify",
		Short: "Prove, without asking the node, that its evidence log was not changed",
		Long: `Prove, offline, what a node's evidence log says. It trusts only the public keys it is given: the node's operator hands
them out (evidence.vkey). Exit codes: 0 proved, 1 not proved (it says which file and entry), 2 wrong use.`,
	}
	c.AddCommand(verifyLogCommand(), verifyProofCommand(), verifySamplesCommand(), verifyRecordCommand(), verifyFigureCommand())
	return c
}

func verifyLogCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "log FOLDER --key KEY",
		Short: "Read a whole log: every entry, every tile, the checkpoint, and an older checkpoint",
		Long: `Read a whole evidence log, a node's own folder or a copy fetched over HTTP (checkpoint and tile/). Every tile is computed
anew from the entries and the signatures of the checkpoint are checked. With --old, a checkpoint that was kept elsewhere,
it also proves that the log still begins with everything that checkpoint covered.`,
		Example: `  jingwei verify log /var/lib/jingwei/evidence --key evidence.vkey --old checkpoint-2026-05-05`,
		Args:    exactly(1),
	}
	keys := addKeyFlag(c)
	old := c.Flags().String("old", "", "file with an older checkpoint of this log")
	c.RunE = func(c *cobra.Command, args []string) error {
		origin, list, err := readKeys(*keys)
		if err != nil {
			return err
		}
		if info, err := os.Stat(args[0]); err != nil || !info.IsDir() {
			return usageError{fmt.Errorf("%s is no folder that can be read", args[0])}
		}
		o := evidence.VerifyOptions{FS: file.OS(), Dir: args[0], Origin: origin, Keys: list}
		if *old != "" {
			if o.Old, err = readInput(*old); err != nil {
				return err
			}
		}
		report, err := evidence.Verify(c.Context(), o)
		if err != nil {
			return err
		}
		return printReport(c.OutOrStdout(), report)
	}
	return c
}

func printReport(out io.Writer, r evidence.Report) error {
	for _, n := range r.Notes {
		fmt.Fprintln(out, "note:", n)
	}
	if len(r.Problems) > 0 {
		for _, p := range r.Problems {
			fmt.Fprintln(out, "WRONG:", p)
		}
		return fmt.Errorf("the log is not proved: %d problems", len(r.Problems)+r.More)
	}
	printCheckpoint(out, r.Checkpoint)
	fmt.Fprintf(out, "proved: %d entries, %d files read, every one fits the checkpoint\n", r.Entries, r.Files)
	if r.Old != nil {
		fmt.Fprintf(out, "proved: the first %d entries are those of the older checkpoint%s\n", r.Old.Size, stamped(r.Old.Time))
	}
	return nil
}

func verifyProofCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "proof FILE --key KEY",
		Short: "Check that one entry is in a log, from a proof file",
		Long: `Check a proof file (one entry, its inclusion proof and a signed checkpoint) and print what the entry says. "-" reads the
standard input.`,
		Example: `  jingwei verify proof entry-1207.json --key evidence.vkey`,
		Args:    exactly(1),
	}
	keys := addKeyFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		origin, list, err := readKeys(*keys)
		if err != nil {
			return err
		}
		data, err := readInput(args[0])
		if err != nil {
			return err
		}
		p, err := evidence.ParseProof(data)
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		checkpoint, err := p.Verify(origin, list...)
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		out := c.OutOrStdout()
		printCheckpoint(out, checkpoint)
		for _, k := range checkpoint.Unchecked {
			fmt.Fprintf(out, "note: the checkpoint's signature by %s was not checked: its public key was not given\n", k)
		}
		fmt.Fprintf(out, "proved: entry %d is in the log\n", p.Index)
		printEntry(out, p.Entry)
		return nil
	}
	return c
}

func printCheckpoint(out io.Writer, c evidence.Checkpoint) {
	fmt.Fprintf(out, "log %s, %d entries, root %s%s\n", c.Origin, c.Size, c.Root, stamped(c.Time))
	for _, s := range c.Signed {
		fmt.Fprintf(out, "signed by %s (%s)\n", s.Key, s.Algorithm)
	}
}

func stamped(t int64) string {
	if t == 0 {
		return ""
	}
	return ", signed at " + time.Unix(0, t).UTC().Format(time.RFC3339Nano)
}

func printEntry(out io.Writer, entry []byte) {
	e, err := evidence.ParseEnvelope(entry)
	if err != nil {
		fmt.Fprintf(out, "  %d bytes of another form (%v)\n", len(entry), err)
		return
	}
	fmt.Fprintf(out, "  kind %s\n  subject %s\n  organisation %s\n  committed %s\n  digest %s %x\n", e.Kind, e.Subject, e.Org,
		time.Unix(0, e.CommitTime).UTC().Format(time.RFC3339Nano), e.Algorithm, e.Digest)
	if len(e.Public) > 0 {
		fmt.Fprintf(out, "  public %q\n", e.Public)
	}
}

func addKeyFlag(c *cobra.Command) *[]string {
	return c.Flags().StringArray("key", nil, "public key (name+id+key), or a file with one per line; may be given again. All of them must have signed")
}

// readKeys reads the keys of one log.
func readKeys(flags []string) (origin string, keys []evidence.Verifier, err error) {
	for _, f := range flags {
		lines := []string{f}
		if data, err := readInput(f); err == nil {
			lines = strings.Split(strings.TrimSpace(string(data)), "\n")
		} else if strings.Count(f, "+") < 2 {
			return "", nil, usageError{fmt.Errorf("--key %.120q is neither a public key (name+id+key) nor a file that can be read", f)}
		}
		for _, line := range lines {
			k, err := evidence.ParseVerifier(strings.TrimSpace(line))
			if err != nil {
				return "", nil, usageError{fmt.Errorf("--key: %w", err)}
			}
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return "", nil, usageError{errors.New("give the log's public key with --key; nothing can be proved without it")}
	}
	origin = evidence.OriginOf(keys[0])
	for _, k := range keys[1:] {
		if other := evidence.OriginOf(k); other != origin {
			return "", nil, usageError{fmt.Errorf("--key: the keys are of two logs, %s and %s", origin, other)}
		}
	}
	return origin, keys, nil
}

// readInput reads a small file, or the standard input for "-".
func readInput(name string) ([]byte, error) {
	in := os.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, usageError{err}
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, evidence.MaxProofFile+1))
	if err != nil {
		return nil, usageError{fmt.Errorf("read %s: %w", name, err)}
	}
	if len(data) > evidence.MaxProofFile { // a part of a file of keys would ask for less than was wanted
		return nil, usageError{fmt.Errorf("%s has more than %d bytes, which no proof, checkpoint or file of keys has", name, evidence.MaxProofFile)}
	}
	return data, nil
}

// exactly is cobra.ExactArgs whose error is one of usage.
func exactly(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := cobra.ExactArgs(n)(c, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}
