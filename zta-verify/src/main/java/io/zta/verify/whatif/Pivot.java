package io.zta.verify.whatif;

import io.zta.finding.Doubt;
import java.util.List;

/**
 * A verdict, and what would change it. Immutable.
 *
 * @param about what the verdict is of: a claim's id and scope, or a connection
 * @param verdict the verdict as it is, in a word: {@code proven}, {@code violated}, {@code unknown}, {@code reaches}, …
 * @param turns edits that were seen to change it, those liked best first; empty where none was found
 * @param wanting what would have to be readable, where the verdict is unknown
 * @param tried how many edited snapshots were evaluated
 */
public record Pivot(String about, String verdict, List<Turn> turns, List<Doubt> wanting, int tried) {
    public Pivot {
        turns = List.copyOf(turns);
        wanting = List.copyOf(wanting);
    }

    /**
     * Edits that turn a verdict when made together: each was made on a copy of the snapshot, and all evaluated again.
     *
     * @param edits the edits, at least one; none can be spared
     * @param verdict the verdict they lead to
     * @param least whether no fewer of the edits that were looked at lead there
     * @param consequence what else they do: the finding they bring, or the empty text
     */
    public record Turn(List<Edit> edits, String verdict, boolean least, String consequence) {
        public Turn {
            edits = List.copyOf(edits);
            if (edits.isEmpty()) {
                throw new IllegalArgumentException("nothing turns a verdict without an edit");
            }
        }
    }
}
