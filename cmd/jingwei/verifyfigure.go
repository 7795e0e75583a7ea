package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"jingwei/internal/govern/indicator/figure"
	"jingwei/internal/kernel/evidence"
)

func verifyFigureCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "figure FIGURE [--key KEY]...",
		Short: "Prove a figure from its evidence pack: its log, its sum, its parts, down to facts and samples",
		Long: `Prove a figure offline from an evidence pack (.jwf; GET /figures/{id}/pack), or fetch the pack of a figure by its id or key from
a node (--node, with the access token in the environment variable JINGWEI_TOKEN) and prove that. --out keeps the fetched pack.

A figure is sealed (its node's evidence log holds it), proved (and it is the sum of its parts, as the logs of those who gave them
hold them), or recomputed (and so is every part below it, down to the facts, and to the samples of machines and meters, that
enterprises' values rest on, as far as they have agreed to it). Give the public keys
of the nodes with --key, each node's for itself; of a node whose key is not given, the key that the agreement or the pack names is
taken, and that is said. What could not be checked is listed with its reason. Exit codes: 0 proved or recomputed, 1 not, 2 wrong use.`,
		Example: `  jingwei verify figure figure.jwf --key evidence.vkey
  jingwei verify figure 0b3c…:machine-networking/2026-06 --node https://node.example --out june.jwf`,
		Args: exactly(1),
	}
	keys := c.Flags().StringArray("key", nil, "public key of a node's log (name+id+key), or a file with one per line; may be given again")
	node := c.Flags().String("node", "", "address of the node to fetch the pack from")
	grade := c.Flags().Int("grade", figure.GradeRecomputed, "of a pack that is fetched: 1 without, 2 with the packs of those below")
	out := c.Flags().String("out", "", "file to keep the fetched pack in")
	c.RunE = func(c *cobra.Command, args []string) error {
		var list []evidence.Verifier
		for _, k := range *keys { // of as many logs as there are nodes
			_, some, err := readKeys([]string{k})
			if err != nil {
				return err
			}
			list = append(list, some...)
		}
		var b []byte
		var err error
		if *node != "" {
			if *grade < figure.GradeProved || *grade > figure.GradeRecomputed {
				return usageError{fmt.Errorf("--grade %d: 1 or 2", *grade)}
			}
			if b, err = fetchPack(c.Context(), *node, args[0], *grade); err == nil && *out != "" {
				err = os.WriteFile(*out, b, 0o600)
			}
		} else {
			b, err = readPackFile(args[0])
		}
		if err != nil {
			return err
		}
		v, err := figure.VerifyPack(b, list...)
		if err != nil {
			return err
		}
		return printVerified(c.OutOrStdout(), v)
	}
	return c
}

func readPackFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, usageError{fmt.Errorf("%w (to fetch a figure by its id or key, give --node)", err)}
	}
	defer f.Close()
	return takePack(f)
}

func takePack(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, figure.MaxPack+1))
	if err == nil && len(b) > figure.MaxPack {
		err = fmt.Errorf("the pack has more than %d bytes", figure.MaxPack)
	}
	return b, err
}

// fetchPack gets a figure's pack from a node. which is an id, or a key with its keeper.
func fetchPack(ctx context.Context, node, which string, grade int) ([]byte, error) {
	id, err := uuid.Parse(which)
	if err != nil {
		k, err := figure.ParseKey(which)
		if err != nil || k.Keeper == uuid.Nil {
			return nil, usageError{fmt.Errorf("%.200q is neither a figure's id nor its key with the keeper (KEEPER:machine-networking/2026-06)", which)}
		}
		id = k.ID()
	}
	base, err := url.Parse(node)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, usageError{fmt.Errorf("--node %.200q is no address such as https://node.example", node)}
	}
	token := os.Getenv("JINGWEI_TOKEN")
	if token == "" {
		return nil, usageError{errors.New("put an access token into the environment variable JINGWEI_TOKEN")}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	target := base.JoinPath("api/v1/figures", id.String(), "pack")
	target.RawQuery = "grade=" + strconv.Itoa(grade)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		words, _ := io.ReadAll(io.LimitReader(res.Body, 4000))
		return nil, fmt.Errorf("the node answers %s: %s", res.Status, strings.TrimSpace(string(words)))
	}
	return takePack(res.Body)
}

// printVerified tells what was proved, what was not, and what is wrong.
func printVerified(out io.Writer, v *figure.Verified) error {
	tellVerified(out, v, "", map[string]bool{})
	if v.Grade == figure.Proved || v.Grade == figure.Recomputed {
		return nil
	}
	return fmt.Errorf("the figure is %s", v.Grade)
}

func tellVerified(out io.Writer, v *figure.Verified, indent string, told map[string]bool) {
	fmt.Fprintf(out, "%s%s (node %s, %s)\n%s  %s\n", indent, v.Subject, v.NodeName, v.Node, indent, v.Shown)
	for _, s := range v.Checked {
		fmt.Fprintf(out, "%s  proved: %s\n", indent, s)
	}
	for _, s := range v.Open {
		if !told[s] {
			fmt.Fprintf(out, "%s  note: %s\n", indent, s)
			told[s] = true
		}
	}
	for _, s := range v.Problems {
		fmt.Fprintf(out, "%s  WRONG: %s\n", indent, s)
	}
	for _, b := range v.Below {
		tellVerified(out, b, indent+"  ", told)
	}
	fmt.Fprintf(out, "%s  => %s\n", indent, v.Grade)
}
