package poll

import (
	"context"
	"io"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProgramTellsItsStoryWithTheFlags(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	for _, c := range []struct {
		args []string
		want int
	}{
		{nil, 3}, {[]string{"-voters", "8"}, 8}, {[]string{"-voters", "all"}, 9},
	} {
		told := 0
		p := &Program{Name: "program", Voters: 3, Most: 9, Story: func(_ context.Context, voters int, got string, _ io.Writer) error {
			told = voters
			require.Equal(t, dir, got)
			require.DirExists(t, dir)
			return nil
		}}
		require.NoError(t, p.Run(t.Context(), append(c.args, "-out", dir), io.Discard))
		require.Equal(t, c.want, told)
	}
}
