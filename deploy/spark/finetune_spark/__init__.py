"""Predictions and features of finetune as columns of a Spark DataFrame.

    from finetune_spark import predict
    labels = predict(spark.read.parquet("photos.parquet"), "content")

Workers need Python with pyarrow, which Spark itself asks for, and the archive that ``python -m finetune_spark pack`` makes.
"""

from .transform import extract, predict

__all__ = ["extract", "predict"]
