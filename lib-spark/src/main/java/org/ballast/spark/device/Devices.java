package org.ballast.spark.device;

import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;
import org.apache.spark.sql.SparkSession;

/** Names of libtorch devices: {@code cpu}, or {@code cuda:N} where Spark's resource {@code gpu} is given out. */
public final class Devices {
    private static final String GPU = "gpu";
    private static final String CPU = "cpu";
    private static final String CUDA = "cuda";

    private Devices() {}

    /** The kind of device that the tasks of this session will have: {@code cpu} or {@code cuda}. */
    public static String planned(SparkSession spark) {
        return Double.parseDouble(spark.conf().get("spark.task.resource." + GPU + ".amount", "0")) > 0 ? CUDA : CPU;
    }

    /** The device of the task that runs on this thread; {@code cpu} outside of tasks. */
    public static String ofTask() {
        TaskContext task = TaskContext.get();
        ResourceInformation gpu = task == null ? null : task.resourcesJMap().get(GPU);
        return gpu == null || gpu.addresses().length == 0 ? CPU : CUDA + ":" + gpu.addresses()[0];
    }
}
