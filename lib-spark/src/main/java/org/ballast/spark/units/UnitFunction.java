package org.ballast.spark.units;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.sql.Row;
import org.ballast.core.data.Quarantined;

/** What is done with one unit of rows, on an executor. */
@FunctionalInterface
public interface UnitFunction extends Serializable {
    /**
     * Works on a unit.
     *
     * @param rows the unit's rows in the order of their keys
     * @param out takes what comes of them
     * @throws Exception a fault of the program or the machine: fails the stage; a fault of a row goes to
     *     {@link Output#reject}
     */
    void apply(List<Row> rows, Output out) throws Exception;

    /** Where a unit's rows go. */
    interface Output {
        /** A row of the table that the stage writes. */
        void accept(Row row);

        /** A row, or an attempt on a row, that came to nothing. */
        void reject(Quarantined quarantined);

        /** A row of the second table, where the runner was given one. */
        void note(Row row);
    }
}
