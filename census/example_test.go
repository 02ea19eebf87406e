package census_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

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

func ExampleBuildCSV() {
	ctx := context.Background()
	_, err := census.BuildCSV(ctx, 20, strings.NewReader("commitment,weight\n11,1\n22,3\n11,5\n"))
	fmt.Println(err)

	tree, err := census.BuildCSV(ctx, 20, strings.NewReader("commitment,weight\n11,1\n22,3\n"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("members", tree.Size(), "weight", tree.TotalWeight())
	// Output:
	// census: duplicate member: line 4: the commitment of line 2 again, under the weights 1 and 5
	// members 2 weight 4
}

func ExampleBuildJSONLines() {
	const roll = `{"commitment":"11"}
{"commitment":"22"}
{"commitment":"33"}
`
	tree, err := census.BuildJSONLines(context.Background(), 20, strings.NewReader(roll))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tree.Root())
	// Output:
	// 16127060048284825593061728854900944353039729664315771964025865858524127961853
}

// A registrar's service takes registrations until the roll closes, and starts again from its file.
func ExampleTree_Append() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "census.tree")

	tree, err := census.BuildCSV(ctx, 20, strings.NewReader("commitment\n11\n22\n"))
	if err != nil {
		log.Fatal(err)
	}
	if err := tree.Save(file); err != nil {
		log.Fatal(err)
	}

	tree, err = census.Open(ctx, file)
	if err != nil {
		log.Fatal(err)
	}
	var c census.Commitment
	if err := c.UnmarshalText([]byte("33")); err != nil {
		log.Fatal(err)
	}
	position, err := tree.Append(census.Member{Commitment: c})
	fmt.Println(position, err)
	_, err = tree.Append(census.Member{Commitment: c})
	fmt.Println(err)
	fmt.Println(tree.Root())
	// Output:
	// 2 <nil>
	// census: duplicate member: member 3: the commitment of member 2 again
	// 16127060048284825593061728854900944353039729664315771964025865858524127961853
}
