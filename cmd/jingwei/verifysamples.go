package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/telemetry/seal"
)

func verifySamplesCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "samples FILE --proof BUNDLE --key KEY",
		Short: "Compute a series' leaf of a day again from its samples and prove that it is in the log",
		Long: `Read the rows of a series and commit day (GET /series/{id}/evidence/{day}/samples), compute the salted hash again, compare it
with the entry of the proof (GET /series/{id}/evidence/{day}), and prove that the entry is in the log. A row that cannot be is named
by its line. Where all rows could be and the hash differs, series and day are named: a hash tells that something differs, not what.
"-" reads the rows from the standard input. Exit codes: 0 proved, 1 not proved, 2 wrong use.`,
		Example: `  jingwei verify samples samples.jsonl --proof proof.json --key evidence.vkey --old checkpoint-2026-05-05`,
		Args:    exactly(1),
	}
	check := sealedFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		in, err := openInput(args[0])
		if err != nil {
			return err
		}
		defer in.Close()
		return check(c, func(b *seal.Bundle, e *evidence.Envelope) (string, error) {
			rows, err := b.CheckRows(in, e)
			if err != nil {
				return "", fmt.Errorf("%s: %w", args[0], err)
			}
			return fmt.Sprintf("%d samples of series %s, committed on %s (UTC), are those that were sealed", rows, e.Subject, seal.DayOf(e.CommitTime)), nil
		})
	}
	return c
}

func verifyRecordCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "record FILE --proof BUNDLE --key KEY",
		Short: "Prove that a correction, an entry of the audit, a tombstone or a shredding is what was sealed",
		Long: `Read the canonical bytes of a record (GET /evidence/records/{id}/payload), compute the salted hash again, compare it with the
entry of the proof (GET /evidence/records/{id}), and prove that the entry is in the log. Exit codes: 0 proved, 1 not proved, 2 wrong use.`,
		Example: `  jingwei verify record correction.txt --proof proof.json --key evidence.vkey`,
		Args:    exactly(1),
	}
	check := sealedFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		in, err := openInput(args[0])
		if err != nil {
			return err
		}
		defer in.Close()
		return check(c, func(b *seal.Bundle, e *evidence.Envelope) (string, error) {
			payload, err := io.ReadAll(io.LimitReader(in, maxRecord+1))
			if err != nil {
				return "", fmt.Errorf("read %s: %w", args[0], err)
			}
			if len(payload) > maxRecord {
				return "", fmt.Errorf("%s has more than %d bytes, which no record has", args[0], maxRecord)
			}
			if err := b.CheckRecord(payload, e); err != nil {
				return "", fmt.Errorf("%s: %w", args[0], err)
			}
			return fmt.Sprintf("the record is the %s of %s that was sealed", e.Kind, e.Subject), nil
		})
	}
	return c
}

// maxRecord bounds a record: an entry of the audit has at most twice 256 KiB, a correction 10,000 values.
const maxRecord = 16 << 20

// sealedFlags adds the flags of both commands and returns what they have in common; prove says what was proved.
func sealedFlags(c *cobra.Command) func(c *cobra.Command, prove func(*seal.Bundle, *evidence.Envelope) (string, error)) error {
	keys := addKeyFlag(c)
	bundle := c.Flags().String("proof", "", "file with the proof")
	old := c.Flags().String("old", "", "file with an older checkpoint of this log; the proof must have been fetched with ?since= and its size")
	return func(c *cobra.Command, prove func(*seal.Bundle, *evidence.Envelope) (string, error)) error {
		origin, list, err := readKeys(*keys)
		if err != nil {
			return err
		}
		if *bundle == "" {
			return usageError{errors.New("give the proof with --proof; without it rows prove nothing")}
		}
		raw, err := readInput(*bundle)
		if err != nil {
			return err
		}
		var before []byte
		if *old != "" {
			if before, err = readInput(*old); err != nil {
				return err
			}
		}
		b, err := seal.ParseBundle(raw)
		if err != nil {
			return fmt.Errorf("%s: %w", *bundle, err)
		}
		checkpoint, e, err := b.Verify(origin, before, list...)
		if err != nil {
			return fmt.Errorf("%s: %w", *bundle, err)
		}
		what, err := prove(b, &e)
		if err != nil {
			return err
		}
		out := c.OutOrStdout()
		printCheckpoint(out, checkpoint)
		for _, k := range checkpoint.Unchecked {
			fmt.Fprintf(out, "note: the checkpoint's signature by %s was not checked: its public key was not given\n", k)
		}
		fmt.Fprintf(out, "proved: %s\nproved: entry %d, which says so, is in the log\n", what, b.Proof.Index)
		if before != nil {
			fmt.Fprintln(out, "proved: the log goes on from the older checkpoint")
		}
		return nil
	}
}

// openInput opens a file, or the standard input for "-".
func openInput(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(os.Stdin), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, usageError{err}
	}
	return f, nil
}
