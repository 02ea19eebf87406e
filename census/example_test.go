package census_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/scrutin/scrutin/census"
)

func Example() {
	// The registrar puts three voters on the roll. Commitments come from proof.Identity.
	roll := []string{"11", "22", "33"}
	tree, err := census.Build(context.Background(), 20, func(yield func(census.Member, error) bool) {
		for _, text := range roll {
			var m census.Member
			err := m.Commitment.UnmarshalText([]byte(text))
			if !yield(m, err) {
				return
			}
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("members", tree.Size())
	fmt.Println("root", tree.Root())

	tmp, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(tmp)
	dir := filepath.Join(tmp, "census")
	if err := tree.Export(dir); err != nil {
		log.Fatal(err)
	}

	// A voter, number 2 on the roll, reads the way to the root.
	var mine census.Commitment
	if err := mine.UnmarshalText([]byte("33")); err != nil {
		log.Fatal(err)
	}
	path, err := census.ReadPath(os.DirFS(dir), 2, mine)
	if err != nil {
		log.Fatal(err)
	}
	root, err := path.Root()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("siblings", len(path.Siblings), "same root", root == tree.Root())

	// An auditor reads all of it.
	audited, err := census.Read(context.Background(), os.DirFS(dir))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("audited", audited.Size(), audited.Root() == tree.Root())
	// Output:
	// members 3
	// root 16127060048284825593061728854900944353039729664315771964025865858524127961853
	// siblings 1 same root true
	// audited 3 true
}
